internal import CDigests
internal import COpenSSL
public import DrillModel

/// Hashes many short messages, two side by side where the processor can: one SHA-256 alone leaves it waiting for half
/// of the time.
///
/// A message is put into memory that this hands out, and its digest goes where it was asked for or into a sum; both
/// are complete after ``finish()`` or ``takeSum()``. Elsewhere OpenSSL takes the blocks.
///
/// Source: FIPS 180-4, sections 5.1.1 (padding), 5.3.3 (first state).
public final class SHA256Lanes {
  /// Bytes of the longest message.
  public static let capacity = 4096
  /// Bytes behind the longest message that may be written to, and behind a message's bytes that may be read.
  public static let slack = 64

  private static let canPair = digests_has_sha256() != 0
  private static let block = 64
  /// A message, its padding, and what a short copy writes past the end.
  private static let stride = SHA256Lanes.capacity + 4 * SHA256Lanes.block

  private let isPaired: Bool
  private let memory: UnsafeMutableRawPointer
  private let masks = OneBlock()
  private let lanes: UnsafeMutablePointer<Lane>
  // Behind pointers, since each change of a class's property is checked at run time for exclusive access.
  private let context: UnsafeMutablePointer<SHA256_CTX>
  private let sum: UnsafeMutablePointer<Sum256>

  /// One computation: its state, and the blocks of its message that are still to be taken in.
  private struct Lane {
    var state: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = Lane.first
    var next: UnsafePointer<UInt8>
    var left = 0
    /// Nil: the digest goes into the sum.
    var target: UnsafeMutablePointer<Digest>?

    static let first: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (
      0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19
    )

    var digest: Digest {
      @inline(__always) func word(_ high: UInt32, _ low: UInt32) -> UInt64 { UInt64(high) << 32 | UInt64(low) }
      return Digest(
        words: (word(state.0, state.1), word(state.2, state.3), word(state.4, state.5), word(state.6, state.7)))
    }
  }

  /// - Parameter isPaired: false: one after the other through OpenSSL, as on a processor without the instructions.
  public init(isPaired: Bool = true) {
    self.isPaired = isPaired && SHA256Lanes.canPair
    memory = .allocate(byteCount: 2 * SHA256Lanes.stride, alignment: 64)
    lanes = .allocate(capacity: 2)
    context = .allocate(capacity: 1)
    context.initialize(to: SHA256_CTX())
    sum = .allocate(capacity: 1)
    sum.initialize(to: Sum256())
    for index in 0..<2 {
      (lanes + index).initialize(to: Lane(next: UnsafePointer(SHA256Lanes.buffer(memory, index))))
    }
  }

  deinit {
    memory.deallocate()
    masks.deallocate()
    lanes.deallocate()
    context.deallocate()
    sum.deallocate()
  }

  private static func buffer(_ memory: UnsafeMutableRawPointer, _ index: Int) -> UnsafeMutablePointer<UInt8> {
    (memory + index * stride).assumingMemoryBound(to: UInt8.self)
  }

  /// Where the next message goes: room for ``capacity`` bytes and ``slack``.
  @inline(__always)
  private var free: Int { lanes[0].left == 0 ? 0 : 1 }
  public var message: UnsafeMutableRawPointer { memory + free * SHA256Lanes.stride }

  /// Ends the message of `count` bytes at ``message``; its digest is at `target` after ``finish()``, or in the sum.
  ///
  /// - Precondition: `count` is at most ``capacity``; `target` stays until then.
  public func end(_ count: Int, into target: UnsafeMutablePointer<Digest>?) { put(count, free, target) }

  /// Adds the digest of `prefix` and `bytes` to the sum.
  ///
  /// - Parameter isRoomy: whether the byte before `bytes`, and ``slack`` bytes from its start on, can be read.
  /// - Precondition: `bytes` are fewer than ``capacity``.
  public func add(prefix: UInt8, _ bytes: UnsafeRawBufferPointer, isRoomy: Bool) {
    precondition(bytes.count < SHA256Lanes.capacity, "a message that does not fit")
    let lane = free
    let target = memory + lane * SHA256Lanes.stride
    if isRoomy, bytes.count <= OneBlock.capacity, let source = bytes.baseAddress {
      masks.put(prefix, source, bytes.count, to: target)
      return begin(lane, blocks: 1, nil)
    }
    target.storeBytes(of: prefix, as: UInt8.self)
    if let source = bytes.baseAddress { (target + 1).copyMemory(from: source, byteCount: bytes.count) }
    put(bytes.count + 1, lane, nil)
  }

  /// Takes in what is left of the messages that were ended.
  public func finish() {
    for index in 0..<2 where lanes[index].left > 0 {
      run(index, lanes[index].left)
      deliver(index)
    }
  }

  /// The sum of the digests that were added to it since it was last taken, modulo 2^256.
  public func takeSum() -> Sum256 {
    finish()
    defer { sum.pointee = Sum256() }
    return sum.pointee
  }

  @inline(__always)
  private func put(_ count: Int, _ index: Int, _ target: UnsafeMutablePointer<Digest>?) {
    precondition(count <= SHA256Lanes.capacity, "a message that does not fit")
    let buffer = memory + index * SHA256Lanes.stride
    let blocks = (count + 72) / SHA256Lanes.block
    buffer.storeBytes(of: 0x80, toByteOffset: count, as: UInt8.self)
    (buffer + (count + 1)).storeBytes(of: SIMD64<UInt8>(repeating: 0), as: SIMD64<UInt8>.self)
    buffer.storeBytes(
      of: UInt64(count * 8).bigEndian, toByteOffset: blocks * SHA256Lanes.block - 8, as: UInt64.self)
    begin(index, blocks: blocks, target)
  }

  @inline(__always)
  private func begin(_ index: Int, blocks: Int, _ target: UnsafeMutablePointer<Digest>?) {
    let lane = lanes + index
    lane.pointee.state = Lane.first
    lane.pointee.next = UnsafePointer(SHA256Lanes.buffer(memory, index))
    lane.pointee.left = blocks
    lane.pointee.target = target
    let common = min(lanes[0].left, lanes[1].left)
    if common > 0 { runBoth(common) }
  }

  private func runBoth(_ count: Int) {
    guard isPaired else {
      run(0, count)
      run(1, count)
      return deliverBoth()
    }
    withUnsafeMutableBytes(of: &lanes[0].state) { first in
      withUnsafeMutableBytes(of: &lanes[1].state) { second in
        digests_sha256_pair(
          first.baseAddress?.assumingMemoryBound(to: UInt32.self), lanes[0].next,
          second.baseAddress?.assumingMemoryBound(to: UInt32.self), lanes[1].next, count)
      }
    }
    for index in 0..<2 {
      lanes[index].next += count * SHA256Lanes.block
      lanes[index].left -= count
    }
    deliverBoth()
  }

  private func deliverBoth() { for index in 0..<2 where lanes[index].left == 0 { deliver(index) } }

  private func run(_ index: Int, _ count: Int) {
    withUnsafeMutableBytes(of: &lanes[index].state) { state in
      if isPaired {
        digests_sha256_single(state.baseAddress?.assumingMemoryBound(to: UInt32.self), lanes[index].next, count)
      } else {
        withUnsafeMutableBytes(of: &context.pointee.h) { $0.copyMemory(from: UnsafeRawBufferPointer(state)) }
        for block in 0..<count { SHA256_Transform(context, lanes[index].next + block * SHA256Lanes.block) }
        withUnsafeBytes(of: context.pointee.h) { state.copyMemory(from: $0) }
      }
    }
    lanes[index].next += count * SHA256Lanes.block
    lanes[index].left -= count
  }

  @inline(__always)
  private func deliver(_ index: Int) {
    if let target = lanes[index].target {
      target.pointee = lanes[index].digest
    } else {
      sum.pointee += Sum256(lanes[index].digest)
    }
  }
}

/// Puts together a padded message of one block in registers: a block that is read back in other pieces than it was
/// written in holds the processor up.
private struct OneBlock {
  /// Bytes behind the prefix, so that prefix, end mark and length fit beside them.
  static let capacity = 54

  /// 64 bytes of ones, then of zeros; and 64 of zeros, the end mark, zeros. Read from the right place, they cut a
  /// message off and end it.
  private let ones: UnsafeMutableRawPointer
  private let marks: UnsafeMutableRawPointer

  init() {
    ones = .allocate(byteCount: 256, alignment: 64)
    ones.initializeMemory(as: UInt8.self, repeating: 0, count: 256)
    ones.initializeMemory(as: UInt8.self, repeating: 0xff, count: 64)
    marks = ones + 128
    (marks + 64).storeBytes(of: 0x80, as: UInt8.self)
  }

  func deallocate() { ones.deallocate() }

  @inline(__always)
  func put(_ prefix: UInt8, _ bytes: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer) {
    typealias Part = SIMD2<UInt64>
    let (kept, mark) = (ones + (63 - count), marks + (63 - count))
    @inline(__always) func part(_ offset: Int) -> Part {
      (bytes - 1).loadUnaligned(fromByteOffset: offset, as: Part.self)
        & kept.loadUnaligned(fromByteOffset: offset, as: Part.self)
        | mark.loadUnaligned(fromByteOffset: offset, as: Part.self)
    }
    var first = part(0)
    first.x = first.x & ~0xff | UInt64(prefix)
    var last = part(48)
    last.y = UInt64((count + 1) * 8).bigEndian
    target.storeBytes(of: first, as: Part.self)
    target.storeBytes(of: part(16), toByteOffset: 16, as: Part.self)
    target.storeBytes(of: part(32), toByteOffset: 32, as: Part.self)
    target.storeBytes(of: last, toByteOffset: 48, as: Part.self)
  }
}
