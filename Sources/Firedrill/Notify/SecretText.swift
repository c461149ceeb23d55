import DrillModel
import Foundation

/// A text of a drill file, or where it is to be had: the ledger keeps drill files, so that what is secret is not in them.
public enum SecretText: Hashable, Sendable {
  case plain(String)
  case environment(String)
  /// The first line of a file, by its absolute path.
  case file(String)
  /// What a program with these arguments writes, run in a folder.
  case command([String], folder: String)

  /// - Throws: `DrillError` with `key-unreadable`.
  func reveal() throws -> String {
    switch self {
    case .plain(let text): return text
    case .environment(let name):
      guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
        throw DrillError(.keyUnreadable, subject: name, detail: "this environment variable is not set")
      }
      return value
    case .file(let path):
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        throw DrillError(.keyUnreadable, subject: path, detail: "this file cannot be read")
      }
      return String(text.prefix { !$0.isNewline })
    case .command(let words, let folder):
      return try SecretCommand.run(words, in: folder)
    }
  }
}
