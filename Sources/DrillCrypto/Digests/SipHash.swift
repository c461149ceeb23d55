/// SipHash-2-4, a short keyed hash: what decides which keys a seeded sample holds.
///
/// Not a digest for evidence: 64 bits, and its key is a seed that everybody knows.
/// Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, with the vectors of its appendix A in the
/// tests.
public struct SipHash: Sendable {
  private let key: (UInt64, UInt64)

  /// The key's 16 bytes as two little-endian words.
  public init(key: (UInt64, UInt64)) { self.key = key }

  /// The hash that samples use: the key is the seed, then zeros.
  public init(seed: UInt64) { key = (seed, 0) }

  public func hash(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { hash($0) } }

  public func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var state = State(key: key)
    let count = bytes.count
    let end = count & ~7
    var offset = 0
    while offset < end {
      state.absorb(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
      offset += 8
    }
    var last = UInt64(truncatingIfNeeded: count) << 56
    var shift: UInt64 = 0
    while offset < count {
      last |= UInt64(bytes[offset]) << shift
      shift += 8
      offset += 1
    }
    state.absorb(last)
    return state.finish()
  }

  private struct State {
    var v0, v1, v2, v3: UInt64

    @inline(__always)
    init(key: (UInt64, UInt64)) {
      v0 = key.0 ^ 0x736f_6d65_7073_6575
      v1 = key.1 ^ 0x646f_7261_6e64_6f6d
      v2 = key.0 ^ 0x6c79_6765_6e65_7261
      v3 = key.1 ^ 0x7465_6462_7974_6573
    }

    @inline(__always)
    mutating func round() {
      v0 &+= v1
      v1 = v1 << 13 | v1 >> 51
      v1 ^= v0
      v0 = v0 << 32 | v0 >> 32
      v2 &+= v3
      v3 = v3 << 16 | v3 >> 48
      v3 ^= v2
      v0 &+= v3
      v3 = v3 << 21 | v3 >> 43
      v3 ^= v0
      v2 &+= v1
      v1 = v1 << 17 | v1 >> 47
      v1 ^= v2
      v2 = v2 << 32 | v2 >> 32
    }

    @inline(__always)
    mutating func absorb(_ word: UInt64) {
      v3 ^= word
      round()
      round()
      v0 ^= word
    }

    @inline(__always)
    mutating func finish() -> UInt64 {
      v2 ^= 0xff
      round()
      round()
      round()
      round()
      return v0 ^ v1 ^ v2 ^ v3
    }
  }
}
