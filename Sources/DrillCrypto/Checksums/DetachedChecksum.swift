internal import COpenSSL
internal import DrillModel

/// What a detached signature below a list of digests is worth, against one given key.
public enum DetachedChecksum: Sendable, Hashable {
  /// It verifies; by whom, in words.
  case good(by: String)
  /// It does not verify.
  case bad(String)
  /// It names another key than the one that was given.
  case ofAnotherKey(String)

  /// Verifies OpenSSL's and minisign's signatures; which of them is told by the bytes.
  ///
  /// - Returns: nil where the key is of neither kind: then it may be OpenPGP's.
  /// - Throws: `DrillError` with `key-unreadable` where the key is of one of these kinds and cannot be read.
  public static func verify(
    _ signature: [UInt8], of message: [UInt8], key: [UInt8], subject: String
  ) throws -> DetachedChecksum? {
    let text = String(decoding: key.prefix(64 << 10), as: UTF8.self)
    if text.contains("-----BEGIN PGP") { return nil }
    if text.contains("PRIVATE KEY-----") {
      throw DrillError(.keyUnreadable, subject: subject, detail: "this is a private key where a public one belongs")
    }
    if text.contains("-----BEGIN") { return try verifyOpenSSL(signature, message, key, subject) }
    if let minisign = MinisignKey(text) { return minisign.verify(signature, of: message) }
    if text.hasPrefix("untrusted comment:") {
      throw DrillError(
        .keyUnreadable, subject: subject, detail: "not a public key of minisign: its second line is damaged")
    }
    return nil
  }

  /// `openssl dgst -sha256 -sign` with RSA or EC keys, `openssl pkeyutl -sign -rawin` with Ed25519 ones; as bytes or in base64.
  private static func verifyOpenSSL(
    _ signature: [UInt8], _ message: [UInt8], _ key: [UInt8], _ subject: String
  ) throws -> DetachedChecksum {
    let found = OpenSSLKey.reading(key) { memory -> (isGood: Bool, name: String)? in
      guard let key = OpenSSLKey(PEM_read_bio_PUBKEY(memory, nil, { _, _, _, _ in -1 }, nil)) else { return nil }
      let spki = OpenSSLBytes.der { i2d_PUBKEY(key.pointer, $0) } ?? []
      let name = "key \(SHA256.digest(spki).hex.prefix(16))"
      let digits = String(decoding: signature, as: UTF8.self).filter { !$0.isWhitespace }
      let forms = [signature, Base64.decode(digits) ?? []].filter { !$0.isEmpty }
      return (forms.contains { verifies($0, message, key) }, name)
    }
    guard let found else {
      ERR_clear_error()
      throw DrillError(
        .keyUnreadable, subject: subject,
        detail: "not a public key in PEM; make it with `openssl pkey -in KEY -pubout`")
    }
    return found.isGood ? .good(by: found.name) : .bad("it does not verify with \(found.name)")
  }

  private static func verifies(_ signature: [UInt8], _ message: [UInt8], _ key: borrowing OpenSSLKey) -> Bool {
    guard let context = EVP_MD_CTX_new() else { return false }
    defer {
      EVP_MD_CTX_free(context)
      ERR_clear_error()
    }
    let isPure = EVP_PKEY_is_a(key.pointer, "ED25519") == 1 || EVP_PKEY_is_a(key.pointer, "ED448") == 1
    guard EVP_DigestVerifyInit(context, nil, isPure ? nil : EVP_sha256(), nil, key.pointer) == 1 else { return false }
    return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }
}
