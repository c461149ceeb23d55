/// A sum of SHA-256 digests modulo 2^256. Adding is commutative and associative, so a sum does not depend on order or on how the work was split;
/// and unlike XOR, equal terms do not cancel.
public struct Sum256: Hashable, Sendable {
  /// Least significant word first.
  public let limbs: (UInt64, UInt64, UInt64, UInt64)

  @inlinable public init() { limbs = (0, 0, 0, 0) }
  @inlinable public init(limbs: (UInt64, UInt64, UInt64, UInt64)) { self.limbs = limbs }
  /// The digest read as a big-endian number.
  @inlinable public init(_ digest: Digest) {
    limbs = (digest.words.3, digest.words.2, digest.words.1, digest.words.0)
  }

  /// The sum as a digest's 32 bytes, big-endian: its stored form.
  public var digest: Digest { Digest(words: (limbs.3, limbs.2, limbs.1, limbs.0)) }

  @inlinable
  public static func += (sum: inout Sum256, term: Sum256) { sum = add(sum.limbs, term.limbs, 0) }

  @inlinable
  public static func -= (sum: inout Sum256, term: Sum256) {
    // a − b = a + ~b + 1 (mod 2^256)
    sum = add(sum.limbs, (~term.limbs.0, ~term.limbs.1, ~term.limbs.2, ~term.limbs.3), 1)
  }

  @inlinable
  static func add(
    _ a: (UInt64, UInt64, UInt64, UInt64), _ b: (UInt64, UInt64, UInt64, UInt64), _ carry: UInt64
  ) -> Sum256 {
    let (first, carry1) = add(a.0, b.0, carry)
    let (second, carry2) = add(a.1, b.1, carry1)
    let (third, carry3) = add(a.2, b.2, carry2)
    return Sum256(limbs: (first, second, third, add(a.3, b.3, carry3).0))
  }

  @inlinable
  static func add(_ a: UInt64, _ b: UInt64, _ carry: UInt64) -> (UInt64, UInt64) {
    let (first, overflowed) = a.addingReportingOverflow(b)
    let (second, overflowedAgain) = first.addingReportingOverflow(carry)
    // Not `||`: the bits of a digest are as good as random, and a branch on them is guessed wrong half of the time.
    return (second, (overflowed ? 1 : 0) | (overflowedAgain ? 1 : 0))
  }

  public static func == (a: Sum256, b: Sum256) -> Bool { a.limbs == b.limbs }
  public func hash(into hasher: inout Hasher) { hasher.combine(limbs.0) }
}

extension Sum256: Codable {
  public init(from decoder: any Decoder) throws { self.init(try Digest(from: decoder)) }
  public func encode(to encoder: any Encoder) throws { try digest.encode(to: encoder) }
}
