import DrillCrypto
public import DrillModel

/// Names keys by their HMAC-SHA256 under a secret: stable enough to follow a finding from run to run, useless to guess keys from.
public struct KeyRedactor: Sendable {
  private let secret: [UInt8]

  /// - Parameter secret: 32 bytes; a ledger has its own (``Ledger/redactor``).
  public init(secret: [UInt8]) { self.secret = secret }

  /// A redactor with a secret that nobody keeps, for where there is no ledger.
  public static func ephemeral() -> KeyRedactor { KeyRedactor(secret: freshSecret()) }

  public func redact(_ key: [UInt8]) -> KeyName {
    .redacted("key:" + String(HMAC.sha256(key: secret, message: key).hex.prefix(16)))
  }

  /// The first 16 digits of a record's digest under the secret: what equals stays equal, and no value can be guessed from it.
  public func redact(_ digest: Digest) -> String {
    String(HMAC.sha256(key: secret, message: digest.bytes).hex.prefix(16))
  }

  static func freshSecret() -> [UInt8] { Randomness.bytes(32) }
}
