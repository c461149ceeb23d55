/// A window that slides over a stream of bytes: over a file, or over what a compressed string decompresses to.
///
/// Whoever parses asks for a few bytes side by side (``require(_:)``) and takes long runs piece by piece, so that
/// nothing has to be held whole.
/// The memory behind ``end`` can be read for ``slack`` bytes, so that short copies need not know their length.
class ByteWindow {
  /// Most bytes that can be asked for side by side.
  static let reach = 64 << 10
  static let slack = 64

  /// The next byte, and the end of those that are there.
  final var cursor: UnsafeRawPointer
  final var end: UnsafeRawPointer

  init(emptyAt pointer: UnsafeRawPointer) {
    cursor = pointer
    end = pointer
  }

  @inline(__always) final var available: Int { end - cursor }

  /// Makes sure that at least `count` bytes are there, side by side.
  ///
  /// - Throws: `RDBDamage` where the stream ends before that; what the source throws.
  @inline(__always)
  final func require(_ count: Int) throws {
    if available < count { try refill(to: count) }
  }

  /// Slides the window and fills it until `count` bytes are there. For ``require(_:)`` alone.
  func refill(to count: Int) throws { preconditionFailure("a window without a source") }

  @inline(__always)
  final func byte() throws -> UInt8 {
    try require(1)
    let byte = cursor.load(as: UInt8.self)
    cursor += 1
    return byte
  }

  @inline(__always)
  final func littleEndian<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws -> T {
    try require(MemoryLayout<T>.size)
    let value = T(littleEndian: cursor.loadUnaligned(as: T.self))
    cursor += MemoryLayout<T>.size
    return value
  }

  @inline(__always)
  final func bigEndian<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws -> T {
    try littleEndian(type).byteSwapped
  }

  /// Takes up to `limit` bytes that are already there, at least one.
  final func some(limit: UInt64) throws -> UnsafeRawBufferPointer {
    try require(1)
    let bytes = UnsafeRawBufferPointer(start: cursor, count: Int(min(UInt64(available), limit)))
    cursor += bytes.count
    return bytes
  }

  /// Appends the next `count` bytes; memory grows as they arrive.
  final func take(_ count: UInt64, to bytes: inout [UInt8]) throws {
    var left = count
    while left > 0 {
      let some = try some(limit: left)
      bytes.append(contentsOf: some)
      left -= UInt64(some.count)
    }
  }

  final func skip(_ count: UInt64) throws {
    var left = count
    while left > 0 { left -= UInt64(try some(limit: left).count) }
  }
}
