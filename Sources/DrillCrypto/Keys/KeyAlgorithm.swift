/// The kinds of key that sign: both are verified by OpenSSL, cosign and age-old tools alike.
public enum KeyAlgorithm: String, Sendable, Codable, CaseIterable {
  /// Source: RFC 8032. A signature is 64 bytes.
  case ed25519
  /// ECDSA on the curve P-256 with SHA-256. A signature is DER. Source: FIPS 186-5.
  case ecdsaP256 = "ecdsa-p256"

  /// What comes before the raw public key in its SubjectPublicKeyInfo. Source: RFC 8410, section 4; RFC 5480, section
  /// 2.
  var spkiPrefix: [UInt8] {
    switch self {
    case .ed25519: [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]
    case .ecdsaP256:
      [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
        0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
      ]
    }
  }
}
