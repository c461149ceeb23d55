import DrillCrypto
import DrillModel
import Foundation

/// Where and what a dashboard serves.
public struct DashboardOptions: Sendable {
  public var listen: ListenAddress
  /// A file whose one line is the bearer token that every request but `/healthz` must carry.
  public var tokenFile: String?
  /// Path of the ledger.
  public var ledger: String

  public init(listen: ListenAddress = .default, tokenFile: String? = nil, ledger: String) {
    self.listen = listen
    self.tokenFile = tokenFile
    self.ledger = ledger
  }

  /// A token shorter than this could be guessed.
  static let shortestToken = 16

  /// - Throws: `DrillError` with `key-unreadable` where the file cannot be read, is readable by everybody, or holds no token of at least
  ///   ``shortestToken`` visible ASCII characters.
  func token() throws -> BearerToken? {
    guard let tokenFile else { return nil }
    func refused(_ detail: String, _ error: (any Error)? = nil) -> DrillError {
      DrillError(.keyUnreadable, subject: tokenFile, detail: detail, underlying: error)
    }
    let text: String
    let mode: Int
    do {
      text = try String(contentsOfFile: tokenFile, encoding: .utf8)
      mode = try FileManager.default.attributesOfItem(atPath: tokenFile)[.posixPermissions] as? Int ?? 0
    } catch {
      throw refused("the token file cannot be read", error)
    }
    guard mode & 0o007 == 0 else { throw refused("everybody on this machine can read the token; chmod 600 it") }
    let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard token.utf8.count >= Self.shortestToken, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw refused(
        "a token is one line of at least \(Self.shortestToken) visible characters, e.g. from `openssl rand -hex 32`")
    }
    return BearerToken(token)
  }
}
