internal import COpenSSL
public import DrillModel

/// A streaming SHA-256 computation on the stack.
///
/// OpenSSL's low-level context is reused without an allocation: 86 ns for a small record, against 290 to 600 ns
/// through a fresh EVP context.
public struct SHA256: Sendable {
  private var context = SHA256_CTX()

  @inline(__always)
  public init() { SHA256_Init(&context) }

  @inline(__always)
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return }
    SHA256_Update(&context, base, bytes.count)
  }

  @inline(__always)
  public mutating func update(byte: UInt8) { withUnsafeBytes(of: byte) { update($0) } }

  public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  /// Ends the computation and makes the context ready for the next.
  @inline(__always)
  public mutating func finalize() -> Digest {
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    withUnsafeMutableBytes(of: &words) { out in
      _ = SHA256_Final(out.baseAddress?.assumingMemoryBound(to: UInt8.self), &context)
    }
    SHA256_Init(&context)
    return Digest(words: (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian))
  }

  public static func digest(_ bytes: [UInt8]) -> Digest { bytes.withUnsafeBytes { digest($0) } }

  public static func digest(_ bytes: UnsafeRawBufferPointer) -> Digest {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finalize()
  }
}
