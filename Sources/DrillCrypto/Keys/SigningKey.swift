internal import COpenSSL
internal import DrillModel

/// A private key that signs. No description, reflection or encoding of it shows the secret.
public struct SigningKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public let publicKey: PublicKey
  private let secret: SecretBytes

  /// Makes a new key.
  public static func generate(_ algorithm: KeyAlgorithm) throws -> SigningKey {
    guard let context = EVP_PKEY_CTX_new_from_name(nil, algorithm == .ed25519 ? "ED25519" : "EC", nil) else {
      throw unreadable("new key", "OpenSSL does not offer \(algorithm.rawValue)")
    }
    defer { EVP_PKEY_CTX_free(context) }
    var pointer: OpaquePointer?
    guard EVP_PKEY_keygen_init(context) == 1,
      algorithm == .ed25519 || EVP_PKEY_CTX_set_group_name(context, "P-256") == 1,
      EVP_PKEY_generate(context, &pointer) == 1, let key = OpenSSLKey(pointer)
    else {
      ERR_clear_error()
      throw unreadable("new key", "OpenSSL could not make a key of kind \(algorithm.rawValue)")
    }
    return try SigningKey(key, subject: "new key")
  }

  /// Reads the PEM form: PKCS#8 (`BEGIN PRIVATE KEY`) or `BEGIN EC PRIVATE KEY`, not encrypted.
  ///
  /// - Throws: `key-unreadable`, with what to do.
  public init(pem: [UInt8], subject: String = "signing key") throws {
    let text = String(decoding: pem, as: UTF8.self)
    if text.contains("BEGIN PUBLIC KEY") {
      throw SigningKey.unreadable(
        subject, "this is a public key where a private one belongs; sign with the other file of the pair")
    }
    if text.contains("BEGIN ENCRYPTED") || text.contains("Proc-Type: 4,ENCRYPTED") {
      throw SigningKey.unreadable(
        subject,
        "the key is encrypted, and drills run with nobody to ask; decrypt it by `openssl pkey` to a file of mode 0600"
      )
    }
    // The callback answers for the terminal, so that OpenSSL never asks there.
    let pointer = OpenSSLKey.reading(pem) { PEM_read_bio_PrivateKey($0, nil, { _, _, _, _ in -1 }, nil) }
    guard let key = OpenSSLKey(pointer) else {
      throw SigningKey.unreadable(subject, "not a private key in PEM (PKCS#8); make one with `firedrill keygen`")
    }
    try self.init(key, subject: subject)
  }

  /// An Ed25519 key from its 32 secret bytes.
  public init(ed25519 seed: [UInt8], subject: String = "signing key") throws {
    guard seed.count == 32, let key = OpenSSLKey(EVP_PKEY_new_raw_private_key_ex(nil, "ED25519", nil, seed, seed.count))
    else {
      throw SigningKey.unreadable(subject, "a raw Ed25519 key has 32 bytes, this one has \(seed.count)")
    }
    try self.init(key, subject: subject)
  }

  private init(_ key: borrowing OpenSSLKey, subject: String) throws {
    guard let publicKey = PublicKey(key) else {
      throw SigningKey.unreadable(
        subject, "neither an Ed25519 nor an ECDSA P-256 key; make one with `firedrill keygen`")
    }
    guard let info = EVP_PKEY2PKCS8(key.pointer) else {
      throw SigningKey.unreadable(subject, "the key has no PKCS#8 form")
    }
    defer { PKCS8_PRIV_KEY_INFO_free(info) }
    let count = i2d_PKCS8_PRIV_KEY_INFO(info, nil)
    guard count > 0 else { throw SigningKey.unreadable(subject, "the key has no PKCS#8 form") }
    secret = SecretBytes(count: Int(count)) { bytes in
      var position = bytes.baseAddress
      _ = i2d_PKCS8_PRIV_KEY_INFO(info, &position)
    }
    self.publicKey = publicKey
  }

  public var algorithm: KeyAlgorithm { publicKey.algorithm }

  /// PKCS#8 in PEM: the secret itself, to be written to a file of mode 0600 and nowhere else.
  public func revealPEM() -> String { secret.reveal { PEM.encode(Array($0), label: "PRIVATE KEY") } }

  /// A signature over `message`: 64 bytes for Ed25519, DER for ECDSA.
  public func sign(_ message: [UInt8]) throws -> [UInt8] {
    let pointer = secret.reveal { bytes -> OpaquePointer? in
      var position = bytes.baseAddress
      guard let info = d2i_PKCS8_PRIV_KEY_INFO(nil, &position, bytes.count) else { return nil }
      defer { PKCS8_PRIV_KEY_INFO_free(info) }
      return EVP_PKCS82PKEY(info)
    }
    guard let key = OpenSSLKey(pointer), let context = EVP_MD_CTX_new() else {
      throw SigningKey.unreadable("signing key", "OpenSSL does not take the key back")
    }
    defer {
      EVP_MD_CTX_free(context)
      ERR_clear_error()
    }
    var count = 0
    let hash = algorithm == .ed25519 ? nil : EVP_sha256()
    guard EVP_DigestSignInit(context, nil, hash, nil, key.pointer) == 1,
      EVP_DigestSign(context, nil, &count, message, message.count) == 1
    else { throw SigningKey.unreadable("signing key", "OpenSSL does not sign with it") }
    var signature = [UInt8](repeating: 0, count: count)
    guard EVP_DigestSign(context, &signature, &count, message, message.count) == 1 else {
      throw SigningKey.unreadable("signing key", "OpenSSL does not sign with it")
    }
    return Array(signature.prefix(count))
  }

  public var description: String { "signing key \(publicKey)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }

  private static func unreadable(_ subject: String, _ detail: String) -> DrillError {
    DrillError(.keyUnreadable, subject: subject, detail: detail)
  }
}
