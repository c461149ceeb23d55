/// The window over the stream itself. It knows the offset, keeps the checksum, and can be fenced to the bytes of one
/// string.
final class SourceWindow: ByteWindow {
  private static let capacity = 1 << 18

  private var source: any ByteSource
  private let base: UnsafeMutableRawPointer
  /// Where the bytes that were read end; ``end`` is before it while a fence stands.
  private var filled: UnsafeRawPointer
  /// Offset in the stream of the byte at `base`.
  private var baseOffset: UInt64 = 0
  private var fence: UInt64?
  private var crc = CRC64()
  /// The checksum covers the bytes before this.
  private var summed: UnsafeRawPointer

  init(_ source: any ByteSource) {
    self.source = source
    base = .allocate(byteCount: SourceWindow.capacity + ByteWindow.slack, alignment: 64)
    filled = UnsafeRawPointer(base)
    summed = filled
    super.init(emptyAt: base)
  }

  deinit { base.deallocate() }

  /// Offset in the stream of the next byte.
  var offset: UInt64 { baseOffset + UInt64(cursor - UnsafeRawPointer(base)) }

  /// The checksum of all bytes before ``offset``.
  var checksum: UInt64 {
    fold()
    return crc.value
  }

  /// Lets no more than the next `count` bytes be seen until ``closeFence()``.
  func openFence(_ count: UInt64) throws {
    let (position, isTooFar) = offset.addingReportingOverflow(count)
    guard !isTooFar else { throw RDBDamage("a string claims \(count) bytes") }
    fence = position
    applyFence()
  }

  /// Bytes from the next one to the fence.
  var countToFence: UInt64 { (fence ?? offset) - offset }

  /// - Throws: `RDBDamage` unless everything before the fence was taken.
  func closeFence() throws {
    guard countToFence == 0 else { throw RDBDamage("a string has \(countToFence) bytes more than its contents need") }
    fence = nil
    applyFence()
  }

  override func refill(to count: Int) throws {
    if fence != nil, countToFence < UInt64(count) { throw RDBDamage("a string has fewer bytes than its contents need") }
    slide()
    while filled - cursor < count {
      guard try fill() else { throw RDBDamage("the stream ends in the middle of something") }
    }
    applyFence()
  }

  /// Takes all that is left, and says how much that was.
  func drain() throws -> UInt64 {
    let start = offset
    repeat {
      cursor = filled
      slide()
    } while try fill()
    return offset - start
  }

  private func slide() {
    fold()
    let kept = filled - cursor
    baseOffset += UInt64(cursor - UnsafeRawPointer(base))
    base.copyMemory(from: cursor, byteCount: kept)
    cursor = UnsafeRawPointer(base)
    summed = cursor
    filled = cursor + kept
    end = filled
  }

  private func fill() throws -> Bool {
    let used = filled - UnsafeRawPointer(base)
    let room = SourceWindow.capacity - used
    let count = try source.read(into: UnsafeMutableRawBufferPointer(start: base + used, count: room))
    precondition(count >= 0 && count <= room, "a byte source that returned more than it was asked for")
    filled += count
    end = filled
    return count > 0
  }

  private func applyFence() {
    end = filled
    if fence != nil, countToFence < UInt64(end - cursor) { end = cursor + Int(countToFence) }
  }

  private func fold() {
    crc.update(UnsafeRawBufferPointer(start: summed, count: cursor - summed))
    summed = cursor
  }
}
