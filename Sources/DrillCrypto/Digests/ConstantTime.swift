internal import COpenSSL

/// Comparing in a time that does not tell where two secrets differ.
public enum ConstantTime {
  public static func isEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.count == b.count && (a.isEmpty || CRYPTO_memcmp(a, b, a.count) == 0)
  }
}
