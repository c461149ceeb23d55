/// A sum of SHA-256 digests modulo 2^256. Adding is commutative and associative, so a sum does not depend on order or on how the work was split;
/// and unlike XOR, equal terms do not cancel.
public struct Sum256: Hashable, Sendable {
  /// Least significant word first.
  public private(set) var limbs: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

  public init() {}
  public init(limbs: (UInt64, UInt64, UInt64, UInt64)) { self.limbs = limbs }
  /// The digest read as a big-endian number.
  public init(_ digest: Digest) { limbs = (digest.words.3, digest.words.2, digest.words.1, digest.words.0) }

  /// The sum as a digest's 32 bytes, big-endian: its stored form.
  public var digest: Digest { Digest(words: (limbs.3, limbs.2, limbs.1, limbs.0)) }

  @inline(__always)
  public static func += (sum: inout Sum256, term: Sum256) {
    var carry: UInt64
    (sum.limbs.0, carry) = add(sum.limbs.0, term.limbs.0, 0)
    (sum.limbs.1, carry) = add(sum.limbs.1, term.limbs.1, carry)
    (sum.limbs.2, carry) = add(sum.limbs.2, term.limbs.2, carry)
    (sum.limbs.3, _) = add(sum.limbs.3, term.limbs.3, carry)
  }

  @inline(__always)
  public static func -= (sum: inout Sum256, term: Sum256) {
    // a − b = a + ~b + 1 (mod 2^256)
    var carry: UInt64
    (sum.limbs.0, carry) = add(sum.limbs.0, ~term.limbs.0, 1)
    (sum.limbs.1, carry) = add(sum.limbs.1, ~term.limbs.1, carry)
    (sum.limbs.2, carry) = add(sum.limbs.2, ~term.limbs.2, carry)
    (sum.limbs.3, _) = add(sum.limbs.3, ~term.limbs.3, carry)
  }

  @inline(__always)
  private static func add(_ a: UInt64, _ b: UInt64, _ carry: UInt64) -> (UInt64, UInt64) {
    let (first, overflowed) = a.addingReportingOverflow(b)
    let (second, overflowedAgain) = first.addingReportingOverflow(carry)
    return (second, overflowed || overflowedAgain ? 1 : 0)
  }

  public static func == (a: Sum256, b: Sum256) -> Bool { a.limbs == b.limbs }
  public func hash(into hasher: inout Hasher) { hasher.combine(limbs.0) }
}

extension Sum256: Codable {
  public init(from decoder: any Decoder) throws { self.init(try Digest(from: decoder)) }
  public func encode(to encoder: any Encoder) throws { try digest.encode(to: encoder) }
}
