/// The window over what an LZF string decompresses to. LZF looks back 8 KiB at most, so that a string of any size
/// passes in constant memory.
///
/// Source: liblzf `lzf_d.c`, as in redis 7.0 src/lzf_d.c.
final class LZFWindow: ByteWindow {
  private static let capacity = 256 << 10
  /// How far a reference can look back: 13 bits, plus one.
  private static let history = 8192
  /// The longest instruction (a length byte and 32 literal bytes), and the longest run that one can produce.
  private static let longestInstruction = 33
  private static let longestRun = 264

  private let source: SourceWindow
  private let base: UnsafeMutableRawPointer
  /// Bytes that are still to be produced.
  private var left: UInt64 = 0

  init(over source: SourceWindow) {
    self.source = source
    base = .allocate(byteCount: LZFWindow.capacity + ByteWindow.slack, alignment: 64)
    super.init(emptyAt: base)
  }

  deinit { base.deallocate() }

  /// Starts on a string of `compressed` bytes, which come next in the source, that claims to be `decompressed` bytes
  /// long.
  func open(compressed: UInt64, decompressed: UInt64) throws {
    try source.openFence(compressed)
    left = decompressed
    cursor = UnsafeRawPointer(base)
    end = cursor
  }

  /// - Throws: `RDBDamage` unless the string was as long as it claimed, and all of it was taken.
  func close() throws {
    guard left == 0, available == 0 else { throw RDBDamage("a compressed string is longer than its contents need") }
    try source.closeFence()
  }

  override func refill(to count: Int) throws {
    slide()
    var output = base + (end - UnsafeRawPointer(base))
    let full = base + (LZFWindow.capacity - LZFWindow.longestRun)
    while left > 0, output <= full {
      if source.available < LZFWindow.longestInstruction {
        try source.require(Int(min(source.countToFence, UInt64(LZFWindow.longestInstruction))))
      }
      try decompress(to: &output, until: full)
    }
    end = UnsafeRawPointer(output)
    guard available >= count else { throw RDBDamage("a compressed string is shorter than its contents need") }
  }

  private func slide() {
    let start = min(cursor, end - min(end - UnsafeRawPointer(base), LZFWindow.history))
    guard start > UnsafeRawPointer(base) else { return }
    let shift = start - UnsafeRawPointer(base)
    base.copyMemory(from: start, byteCount: end - start)
    cursor -= shift
    end -= shift
  }

  /// Follows the instructions that are wholly in the source's window.
  private func decompress(to output: inout UnsafeMutableRawPointer, until full: UnsafeMutableRawPointer) throws {
    let isLast = source.countToFence == UInt64(source.available)
    let inputEnd = source.end
    var input = source.cursor
    // Where something is wrong as well: that is the place that is told.
    defer { source.cursor = input }
    guard input < inputEnd else { throw RDBDamage("a compressed string ends before its claimed length") }
    while input < inputEnd, output <= full, left > 0, isLast || inputEnd - input >= LZFWindow.longestInstruction {
      let control = Int(input.load(as: UInt8.self))
      input += 1
      if control < 32 {
        let count = control + 1
        guard inputEnd - input >= count, UInt64(count) <= left else { throw RDBDamage("a compressed string overruns") }
        ShortCopy.upTo32(from: input, to: output)
        input += count
        output += count
        left -= UInt64(count)
        continue
      }
      var count = control >> 5
      guard inputEnd - input >= (count == 7 ? 2 : 1) else { throw RDBDamage("a compressed string overruns") }
      if count == 7 {
        count += Int(input.load(as: UInt8.self))
        input += 1
      }
      count += 2
      let distance = (control & 0x1f) << 8 + Int(input.load(as: UInt8.self)) + 1
      input += 1
      guard distance <= output - base, UInt64(count) <= left else {
        throw RDBDamage("a compressed string refers to what is not there")
      }
      ShortCopy.repeating(count, at: output, distance: distance)
      output += count
      left -= UInt64(count)
    }
  }
}
