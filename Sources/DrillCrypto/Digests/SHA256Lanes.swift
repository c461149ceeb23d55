internal import CDigests
internal import COpenSSL
public import DrillModel

/// Hashes many messages, two side by side where the processor can: one SHA-256 alone leaves it waiting for half
/// of the time.
///
/// A message, or its beginning, is put into memory that this hands out, and its digest goes where it was asked for or
/// into a sum; both are complete after ``finish()`` or ``takeSum()``. Elsewhere OpenSSL takes the blocks.
///
/// Source: FIPS 180-4, sections 5.1.1 (padding), 5.3.3 (first state).
public final class SHA256Lanes {
  /// Bytes of the longest message that is put together here.
  public static let capacity = 4096
  /// Bytes behind the longest message that may be written to, and behind a message's bytes that may be read.
  public static let slack = 64

  private static let canPair = digests_has_sha256() != 0
  private static let block = 64
  /// Where the last blocks of a message that goes on elsewhere are put together.
  private static let lastOffset = SHA256Lanes.capacity + 4 * SHA256Lanes.block
  /// A message, its padding, and what a short copy writes past the end; twice.
  private static let stride = SHA256Lanes.lastOffset + 4 * SHA256Lanes.block

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
    /// Where the message goes on after those, and after that.
    var more: (next: UnsafePointer<UInt8>, count: Int)?
    var last: (next: UnsafePointer<UInt8>, count: Int)?
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

  /// Ends a message that begins with the `count` bytes at ``message`` and goes on with `body` and `tail`, of any length
  /// and of up to 64 bytes.
  ///
  /// - Precondition: `body` stays where it is until the digest is there, and is at least ``slack`` bytes long.
  public func end(
    _ count: Int, body: UnsafeRawBufferPointer, tail: UnsafeRawBufferPointer, into target: UnsafeMutablePointer<Digest>?
  ) {
    let (index, block) = (free, SHA256Lanes.block)
    precondition(count <= SHA256Lanes.capacity && body.count >= block && tail.count <= block, "a message in odd parts")
    guard let start = body.baseAddress else { return }
    let buffer = memory + index * SHA256Lanes.stride
    let fill = (block - count % block) % block
    (buffer + count).copyMemory(from: start, byteCount: fill)
    let whole = (body.count - fill) / block
    let rest = body.count - fill - whole * block
    let last = buffer + SHA256Lanes.lastOffset
    last.copyMemory(from: start + (fill + whole * block), byteCount: rest)
    if let start = tail.baseAddress { (last + rest).copyMemory(from: start, byteCount: tail.count) }
    let lastCount = SHA256Lanes.pad(last, rest + tail.count, of: count + body.count + tail.count)
    let lane = lanes + index
    lane.pointee.more = whole > 0 ? ((start + fill).assumingMemoryBound(to: UInt8.self), whole) : nil
    lane.pointee.last = (UnsafePointer(last.assumingMemoryBound(to: UInt8.self)), lastCount)
    begin(index, blocks: (count + fill) / block, target)
  }

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
    for index in 0..<2 { while lanes[index].left > 0 { run(index, lanes[index].left) } }
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
    let blocks = SHA256Lanes.pad(buffer, count, of: count)
    begin(index, blocks: blocks, target)
  }

  /// Ends the `count` bytes at `bytes`, which are the last of a message of `total`; returns their blocks.
  @inline(__always)
  private static func pad(_ bytes: UnsafeMutableRawPointer, _ count: Int, of total: Int) -> Int {
    let blocks = (count + 72) / block
    bytes.storeBytes(of: 0x80, toByteOffset: count, as: UInt8.self)
    (bytes + (count + 1)).storeBytes(of: SIMD64<UInt8>(repeating: 0), as: SIMD64<UInt8>.self)
    bytes.storeBytes(of: UInt64(total * 8).bigEndian, toByteOffset: blocks * block - 8, as: UInt64.self)
    return blocks
  }

  @inline(__always)
  private func begin(_ index: Int, blocks: Int, _ target: UnsafeMutablePointer<Digest>?) {
    let lane = lanes + index
    lane.pointee.state = Lane.first
    lane.pointee.next = UnsafePointer(SHA256Lanes.buffer(memory, index))
    lane.pointee.left = blocks
    lane.pointee.target = target
    while lanes[0].left > 0, lanes[1].left > 0 { runBoth(min(lanes[0].left, lanes[1].left)) }
  }

  private func runBoth(_ count: Int) {
    guard isPaired else {
      run(0, count)
      run(1, count)
      return
    }
    withUnsafeMutableBytes(of: &lanes[0].state) { first in
      withUnsafeMutableBytes(of: &lanes[1].state) { second in
        digests_sha256_pair(
          first.baseAddress?.assumingMemoryBound(to: UInt32.self), lanes[0].next,
          second.baseAddress?.assumingMemoryBound(to: UInt32.self), lanes[1].next, count)
      }
    }
    advance(0, count)
    advance(1, count)
  }

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
    advance(index, count)
  }

  /// Goes on with the message after `count` blocks, or delivers its digest.
  @inline(__always)
  private func advance(_ index: Int, _ count: Int) {
    let lane = lanes + index
    lane.pointee.left -= count
    guard lane.pointee.left == 0 else {
      lane.pointee.next += count * SHA256Lanes.block
      return
    }
    if let last = lane.pointee.last {
      if let more = lane.pointee.more {
        (lane.pointee.next, lane.pointee.left) = more
        lane.pointee.more = nil
      } else {
        (lane.pointee.next, lane.pointee.left) = last
        lane.pointee.last = nil
      }
    } else {
      deliver(index)
    }
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
