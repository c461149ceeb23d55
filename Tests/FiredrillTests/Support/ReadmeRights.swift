import Foundation
import Testing

/// The rights that the README says a user needs.
enum ReadmeRights {
  /// What follows `ACL SETUSER firedrill`, with `pw` for the password.
  static func words() throws -> [String] {
    let blocks = try Repository.text("README.md").components(separatedBy: "ACL SETUSER firedrill ")
    let block = try #require(blocks.dropFirst().first?.components(separatedBy: "```").first)
    let words = block.split(whereSeparator: \.isWhitespace).map(String.init)
    #expect(words.count > 10)
    return words.map { $0 == ">PASSWORD" ? ">pw" : $0 }
  }
}
