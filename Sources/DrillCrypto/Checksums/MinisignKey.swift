internal import COpenSSL
internal import DrillModel

/// A public key of minisign.
///
/// Source: https://jedisct1.github.io/minisign/, "Signature format" and "Public key format". A key is `Ed`, 8 bytes of key id, 32 bytes of Ed25519. A signature
/// is a line of `Ed` (over the file) or `ED` (over its BLAKE2b-512), key id and 64 bytes, and a second one over those 64 bytes with the trusted comment.
struct MinisignKey: Sendable {
  private let id: [UInt8]
  private let key: PublicKey

  private static let untrusted = "untrusted comment:"
  private static let trusted = "trusted comment: "

  /// Reads the key's file, or its base64 line alone; nil for anything else.
  init?(_ text: String) {
    let lines = text.split(whereSeparator: \.isNewline)
    guard
      let line = lines.first(where: { !$0.hasPrefix(MinisignKey.untrusted) }),
      let bytes = Base64.decode(line.filter { !$0.isWhitespace }), bytes.count == 42, bytes.starts(with: "Ed".utf8),
      let key = try? PublicKey(raw: Array(bytes[10...]), algorithm: .ed25519)
    else { return nil }
    id = Array(bytes[2..<10])
    self.key = key
  }

  /// The key id as minisign prints it.
  private static func name(_ id: [UInt8]) -> String {
    id.reversed().map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
  }

  func verify(_ signature: [UInt8], of message: [UInt8]) -> DetachedChecksum {
    let lines = String(decoding: signature, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.last == "\r" ? $0.dropLast() : $0 }
    guard lines.count >= 4, lines[0].hasPrefix(MinisignKey.untrusted), lines[2].hasPrefix(MinisignKey.trusted),
      let own = Base64.decode(String(lines[1])), own.count == 74, let global = Base64.decode(String(lines[3])),
      global.count == 64
    else { return .bad("it is no signature of minisign") }
    let signer = Array(own[2..<10])
    guard signer == id else {
      return .ofAnotherKey("signed by minisign key \(MinisignKey.name(signer)), given is \(MinisignKey.name(id))")
    }
    let signed: [UInt8]
    switch Array(own[0..<2]) {
    case Array("Ed".utf8): signed = message
    case Array("ED".utf8): signed = MinisignKey.blake2b(message)
    default: return .bad("it is of an algorithm that is not known")
    }
    let bare = Array(own[10...])
    guard key.verifies(bare, of: signed) else {
      return .bad("it does not verify with minisign key \(MinisignKey.name(id))")
    }
    let comment = Array(lines[2].dropFirst(MinisignKey.trusted.count).utf8)
    guard key.verifies(global, of: bare + comment) else {
      return .bad("its trusted comment does not verify: the comment was changed after it was signed")
    }
    return .good(by: "minisign key \(MinisignKey.name(id))")
  }

  private static func blake2b(_ message: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 64)
    var count: UInt32 = 0
    guard EVP_Digest(message, message.count, &digest, &count, EVP_blake2b512(), nil) == 1, count == 64 else {
      return []
    }
    return digest
  }
}
