import DrillEngines
import DrillModel
import Foundation

/// Whom artifacts are encrypted to: a public key with its name.
struct Recipient: Sendable {
  var kind: FilterTools.KeyKind
  /// An age recipient, an OpenPGP fingerprint, the SHA-256 of a certificate.
  var name: String
  /// The public key; for age the name is all.
  var material: [UInt8] = []

  /// - Parameters:
  ///   - text: an age recipient, or the path of a file with age recipients, OpenPGP public keys or a PEM certificate.
  ///   - folder: private, and removed by the caller.
  /// - Throws: `DrillError`: `key-unreadable`, `filter-missing`, `filter-failed`, `io`.
  static func read(_ text: String, in folder: String) async throws -> [Recipient] {
    if text.hasPrefix("age1"), !text.contains("/") { return [Recipient(kind: .age, name: text)] }
    func unreadable(_ detail: String) -> DrillError {
      DrillError(.keyUnreadable, subject: (text as NSString).lastPathComponent, detail: detail)
    }
    guard let bytes = KeySource.contents(of: text) else { throw unreadable("this recipient's file cannot be read") }
    let content = String(decoding: bytes, as: UTF8.self)
    guard !content.contains("PRIVATE KEY"), !content.contains("AGE-SECRET-KEY-") else {
      throw unreadable("this is a secret key; where backups are made the public one is enough, and safer")
    }
    if content.contains("-----BEGIN CERTIFICATE-----") {
      guard let name = try await certificateName(bytes) else { throw unreadable("no certificate can be read from it") }
      return [Recipient(kind: .cms, name: name, material: bytes)]
    }
    let lines = content.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }.map(String.init)
    if !lines.isEmpty, lines.allSatisfy({ $0.hasPrefix("age1") }) { return lines.map { .init(kind: .age, name: $0) } }
    let home = try GPGHome(at: "\(folder)/recipient-\(UUID().uuidString.prefix(6))")
    let keys = try await home.add(bytes, secret: false)
    guard !keys.isEmpty else {
      throw unreadable("neither age recipients (age1…), nor OpenPGP public keys, nor a PEM certificate")
    }
    return keys.map { Recipient(kind: .gpg, name: $0.fingerprints[0], material: bytes) }
  }

  /// The SHA-256 of the first certificate in a PEM text, in lower case; nil where there is none.
  static func certificateName(_ bytes: [UInt8]) async throws -> String? {
    let launch = try FilterTools.launch(
      .cms, ["x509", "-in", "/proc/self/fd/3", "-noout", "-fingerprint", "-sha256"], files: [bytes])
    return try await FilterTools.said(launch)?.first.flatMap { line in
      line.split(separator: "=").last.map { $0.lowercased().filter { $0 != ":" } }
    }
  }
}
