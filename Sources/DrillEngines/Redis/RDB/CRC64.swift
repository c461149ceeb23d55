internal import CDigests

/// CRC-64/Jones: polynomial 0xad93d23594c935a9, reflected, from 0, no final complement.
///
/// By carry-less multiplication where the processor has it: 64 bytes a step. Elsewhere sixteen bytes a step through sixteen tables of 2 KiB, and two blocks side by side, since one chain of steps leaves
/// the processor waiting.
/// Check value: `123456789` gives e9c6d914c4b8d9ca. Source: redis 7.0 src/crc64.c, src/crcspeed.c.
struct CRC64 {
  private static let polynomial: UInt64 = 0x95ac_9329_ac4b_c9b5
  /// Bytes of one of the two blocks.
  private static let block = 4096

  private(set) var value: UInt64 = 0
  private let tables = CRC64.tables
  private let blockShift = CRC64.blockShift
  private let isFolding: Bool

  /// - Parameter isFolding: false: by tables alone, as on a processor without carry-less multiplication.
  init(isFolding: Bool = true) { self.isFolding = isFolding && CRC64.canFold }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard var cursor = bytes.baseAddress else { return }
    let end = cursor + bytes.count
    var crc = value
    tables.withUnsafeBufferPointer { tables in
      guard let table = tables.baseAddress else { return }
      let foldable = (end - cursor) & ~63
      if isFolding, foldable > 0 {
        crc = CRC64.folded(crc, cursor, foldable, table)
        cursor += foldable
      }
      while end - cursor >= 2 * CRC64.block {
        var second: UInt64 = 0
        for offset in stride(from: 0, to: CRC64.block, by: 16) {
          crc = CRC64.step(crc, cursor + offset, table)
          second = CRC64.step(second, cursor + (CRC64.block + offset), table)
        }
        crc = shiftedByBlock(crc) ^ second
        cursor += 2 * CRC64.block
      }
      while end - cursor >= 16 {
        crc = CRC64.step(crc, cursor, table)
        cursor += 16
      }
      while cursor < end {
        crc = table[Int(truncatingIfNeeded: (crc ^ UInt64(cursor.load(as: UInt8.self))) & 0xff)] ^ crc &>> 8
        cursor += 1
      }
    }
    value = crc
  }

  /// The remainder after `count` bytes, a multiple of 64.
  private static func folded(
    _ crc: UInt64, _ bytes: UnsafeRawPointer, _ count: Int, _ table: UnsafePointer<UInt64>
  ) -> UInt64 {
    withUnsafeTemporaryAllocation(byteCount: 16, alignment: 16) { memory in
      guard let last = memory.baseAddress else { return crc }
      by64.withUnsafeBufferPointer { by64 in
        by16.withUnsafeBufferPointer { by16 in
          digests_crc64_fold(
            bytes.assumingMemoryBound(to: UInt8.self), count, crc, by64.baseAddress, by16.baseAddress,
            last.assumingMemoryBound(to: UInt8.self))
        }
      }
      return step(0, UnsafeRawPointer(last), table)
    }
  }

  /// The remainder after the 16 bytes at `bytes`.
  @inline(__always)
  private static func step(_ crc: UInt64, _ bytes: UnsafeRawPointer, _ table: UnsafePointer<UInt64>) -> UInt64 {
    @inline(__always) func term(_ number: Int, _ word: UInt64, _ shift: UInt64) -> UInt64 {
      table[number &* 256 &+ Int(truncatingIfNeeded: (word &>> shift) & 0xff)]
    }
    let first = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)) ^ crc
    let second = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    let a = term(15, first, 0) ^ term(14, first, 8) ^ term(13, first, 16) ^ term(12, first, 24)
    let b = term(11, first, 32) ^ term(10, first, 40) ^ term(9, first, 48) ^ term(8, first, 56)
    let c = term(7, second, 0) ^ term(6, second, 8) ^ term(5, second, 16) ^ term(4, second, 24)
    let d = term(3, second, 32) ^ term(2, second, 40) ^ term(1, second, 48) ^ term(0, second, 56)
    return (a ^ b) ^ (c ^ d)
  }

  /// The remainder after a block of zeros. A remainder is a sum of its bits, so a block's effect on each bit says it
  /// for all.
  private func shiftedByBlock(_ crc: UInt64) -> UInt64 {
    var shifted: UInt64 = 0
    var rest = crc
    for word in blockShift {
      shifted ^= word & (0 &- (rest & 1))
      rest &>>= 1
    }
    return shifted
  }

  /// Table n holds, for each byte, its remainder after n more bytes of zeros.
  private static let tables: [UInt64] = {
    var tables: [UInt64] = (0..<256).map { index in
      (0..<8).reduce(UInt64(index)) { crc, _ in crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ polynomial }
    }
    for index in 256..<(16 * 256) {
      let previous = tables[index - 256]
      tables.append(tables[Int(previous & 0xff)] ^ previous >> 8)
    }
    return tables
  }()

  /// For each bit, its remainder after a block of zeros.
  private static let blockShift: [UInt64] = (0..<64).map { bit in
    (0..<block).reduce(UInt64(1) << UInt64(bit)) { crc, _ in tables[Int(crc & 0xff)] ^ crc >> 8 }
  }

  private static let canFold = digests_has_crc64() != 0
  private static let by64 = factors(64)
  private static let by16 = factors(16)

  /// x^(8n+63) and x^(8n−1) modulo the polynomial, reflected, for n bytes: what `digests_crc64_fold` moves chunks by.
  private static func factors(_ bytes: Int) -> [UInt64] {
    [8 * bytes + 63, 8 * bytes - 1].map { power in
      (0..<power).reduce(1 << 63) { crc, _ in crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ polynomial }
    }
  }
}
