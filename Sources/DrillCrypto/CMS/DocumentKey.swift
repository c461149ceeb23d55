internal import COpenSSL
internal import DrillModel

/// A private key that signs CMS documents: ECDSA or RSA, since OpenSSL 3.0's CMS takes no Ed25519.
///
/// Source: openssl-cms(1), OpenSSL 3.0; tried: "no default digest".
public struct DocumentKey: Sendable, CustomStringConvertible, CustomReflectable {
  private let secret: SecretBytes

  /// Reads the PEM form, not encrypted.
  ///
  /// - Throws: `key-unreadable`, with what to do.
  public init(pem: [UInt8], subject: String = "CMS key") throws {
    func unreadable(_ detail: String) -> DrillError { DrillError(.keyUnreadable, subject: subject, detail: detail) }
    let text = String(decoding: pem, as: UTF8.self)
    guard !text.contains("BEGIN ENCRYPTED"), !text.contains("Proc-Type: 4,ENCRYPTED") else {
      throw unreadable("the key is encrypted; decrypt it by `openssl pkey` to a file of mode 0600")
    }
    let pointer = OpenSSLKey.reading(pem) { PEM_read_bio_PrivateKey($0, nil, { _, _, _, _ in -1 }, nil) }
    guard let key = OpenSSLKey(pointer) else { throw unreadable("not a private key in PEM") }
    let isRSA = EVP_PKEY_is_a(key.pointer, "RSA") == 1
    guard isRSA || EVP_PKEY_is_a(key.pointer, "EC") == 1 else {
      throw unreadable("CMS signatures are made by an ECDSA or RSA key; name one with --cms-key")
    }
    guard EVP_PKEY_get_bits(key.pointer) >= (isRSA ? 2048 : 256) else {
      throw unreadable("the key is too short: RSA needs 2048 bits, ECDSA 256")
    }
    guard let info = EVP_PKEY2PKCS8(key.pointer) else { throw unreadable("the key has no PKCS#8 form") }
    defer { PKCS8_PRIV_KEY_INFO_free(info) }
    let count = i2d_PKCS8_PRIV_KEY_INFO(info, nil)
    guard count > 0 else { throw unreadable("the key has no PKCS#8 form") }
    secret = SecretBytes(count: Int(count)) { bytes in
      var position = bytes.baseAddress
      _ = i2d_PKCS8_PRIV_KEY_INFO(info, &position)
    }
  }

  func withKey<R>(_ body: (OpaquePointer) throws -> R) rethrows -> R? {
    let pointer = secret.reveal { bytes -> OpaquePointer? in
      var position = bytes.baseAddress
      guard let info = d2i_PKCS8_PRIV_KEY_INFO(nil, &position, bytes.count) else { return nil }
      defer { PKCS8_PRIV_KEY_INFO_free(info) }
      return EVP_PKCS82PKEY(info)
    }
    guard let key = OpenSSLKey(pointer) else { return nil }
    return try body(key.pointer)
  }

  public var description: String { "CMS key" }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}
