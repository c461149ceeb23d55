internal import COpenSSL
internal import DrillModel

/// A public key that verifies signatures. Equal keys are equal however they were written down.
public struct PublicKey: Hashable, Sendable, CustomStringConvertible {
  public let algorithm: KeyAlgorithm
  /// Ed25519: 32 bytes; P-256: the uncompressed point, 65 bytes.
  public let raw: [UInt8]

  /// - Throws: `key-unreadable` where `raw` is no key of this kind.
  public init(raw: [UInt8], algorithm: KeyAlgorithm, subject: String = "public key") throws {
    try self.init(spki: algorithm.spkiPrefix + raw, subject: subject)
  }

  /// Reads DER, SubjectPublicKeyInfo.
  ///
  /// - Throws: `key-unreadable` for anything else, and for other kinds of key than Ed25519 and P-256.
  public init(spki: [UInt8], subject: String = "public key") throws {
    let found = spki.withUnsafeBufferPointer { buffer -> (KeyAlgorithm, [UInt8])?? in
      var position = buffer.baseAddress
      let key = OpenSSLKey(d2i_PUBKEY(nil, &position, buffer.count))
      guard let key, position == buffer.baseAddress?.advanced(by: buffer.count) else { return nil }
      return .some(PublicKey.parts(key))
    }
    try self.init(parts: found, subject: subject)
  }

  /// Reads the PEM form (`BEGIN PUBLIC KEY`).
  ///
  /// - Throws: `key-unreadable`, with what to do.
  public init(pem: [UInt8], subject: String = "public key") throws {
    if String(decoding: pem, as: UTF8.self).contains("PRIVATE KEY-----") {
      throw DrillError(
        .keyUnreadable, subject: subject,
        detail: "this is a private key where a public one belongs; make the public one with `openssl pkey -pubout`")
    }
    let found = OpenSSLKey.reading(pem) { memory -> (KeyAlgorithm, [UInt8])?? in
      guard let key = OpenSSLKey(PEM_read_bio_PUBKEY(memory, nil, { _, _, _, _ in -1 }, nil)) else { return nil }
      return .some(PublicKey.parts(key))
    }
    try self.init(parts: found ?? nil, subject: subject)
  }

  private init(parts: (KeyAlgorithm, [UInt8])??, subject: String) throws {
    guard let parts else {
      throw DrillError(
        .keyUnreadable, subject: subject,
        detail: "not a public key in PEM or DER (SubjectPublicKeyInfo); make one with `firedrill keygen`")
    }
    guard let (algorithm, raw) = parts else {
      throw DrillError(
        .keyUnreadable, subject: subject,
        detail: "neither an Ed25519 nor an ECDSA P-256 key; make one with `firedrill keygen`")
    }
    self.algorithm = algorithm
    self.raw = raw
  }

  init?(_ key: borrowing OpenSSLKey) {
    guard let (algorithm, raw) = PublicKey.parts(key) else { return nil }
    self.algorithm = algorithm
    self.raw = raw
  }

  private static func parts(_ key: borrowing OpenSSLKey) -> (KeyAlgorithm, [UInt8])? {
    guard let algorithm = key.algorithm, let raw = key.rawPublicKey(algorithm) else { return nil }
    return (algorithm, raw)
  }

  /// DER, SubjectPublicKeyInfo.
  public var spki: [UInt8] { algorithm.spkiPrefix + raw }

  public var pem: String { PEM.encode(spki, label: "PUBLIC KEY") }

  /// SHA-256 of ``spki``, all 64 digits. A hint for people and for finding a key; it decides nothing.
  public var keyID: String { SHA256.digest(spki).hex }

  public var description: String { "\(algorithm.rawValue) \(keyID.prefix(16))" }

  /// Whether `signature` was made over `message` with this key's private half.
  public func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    let der = spki
    return der.withUnsafeBufferPointer { buffer in
      var position = buffer.baseAddress
      guard let key = OpenSSLKey(d2i_PUBKEY(nil, &position, buffer.count)), let context = EVP_MD_CTX_new() else {
        return false
      }
      defer {
        EVP_MD_CTX_free(context)
        ERR_clear_error()
      }
      let hash = algorithm == .ed25519 ? nil : EVP_sha256()
      guard EVP_DigestVerifyInit(context, nil, hash, nil, key.pointer) == 1 else { return false }
      return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
  }
}
