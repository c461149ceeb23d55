package import DrillModel
internal import Glibc

/// Redis Cluster's share of the key space for a key.
package enum RedisSlot {
  /// The slot of `key`: CRC-16 of its hash tag, or of the whole key where it has none, modulo 16384.
  ///
  /// A hash tag is what stands between the first `{` and the first `}` after it, unless that is nothing.
  /// Source: Redis Cluster specification, "Key distribution model" and "Hash tags"; redis 7.0 src/cluster.c
  /// `keyHashSlot`.
  package static func slot(of key: UnsafeRawBufferPointer) -> Slot {
    var part = key
    if let open = position(of: UInt8(ascii: "{"), in: key) {
      let rest = UnsafeRawBufferPointer(rebasing: key[(open + 1)...])
      if let close = position(of: UInt8(ascii: "}"), in: rest), close > 0 {
        part = UnsafeRawBufferPointer(rebasing: rest[..<close])
      }
    }
    return Slot(rawValue: crc16(part) & UInt16(Slot.count - 1))
  }

  package static func slot(of key: [UInt8]) -> Slot { key.withUnsafeBytes { slot(of: $0) } }

  @inline(__always)
  private static func position(of byte: UInt8, in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let start = bytes.baseAddress, let found = memchr(start, CInt(byte), bytes.count) else { return nil }
    return UnsafeRawPointer(found) - start
  }

  /// CRC-16/XMODEM: polynomial 0x1021, not reflected, from 0; eight bytes a step.
  /// Source: Redis Cluster specification, appendix A.
  static func crc16(_ bytes: UnsafeRawBufferPointer) -> UInt16 {
    guard var cursor = bytes.baseAddress else { return 0 }
    let end = cursor + bytes.count
    return tables.withUnsafeBufferPointer { tables in
      guard let table = tables.baseAddress else { return 0 }
      var crc: UInt16 = 0
      while end - cursor >= 8 {
        let word = UInt64(bigEndian: cursor.loadUnaligned(as: UInt64.self)) ^ UInt64(crc) &<< 48
        @inline(__always) func term(_ number: Int) -> UInt16 {
          table[number &* 256 &+ Int(truncatingIfNeeded: word &>> UInt64(number &* 8) & 0xff)]
        }
        crc = ((term(7) ^ term(6)) ^ (term(5) ^ term(4))) ^ ((term(3) ^ term(2)) ^ (term(1) ^ term(0)))
        cursor += 8
      }
      while cursor < end {
        crc = crc &<< 8 ^ table[Int(crc &>> 8 ^ UInt16(cursor.load(as: UInt8.self)))]
        cursor += 1
      }
      return crc
    }
  }

  /// Table n holds, for each byte, its remainder after n more bytes of zeros.
  private static let tables: [UInt16] = {
    var tables: [UInt16] = (0..<256).map { index in
      (0..<8).reduce(UInt16(index) << 8) { crc, _ in crc & 0x8000 == 0 ? crc << 1 : crc << 1 ^ 0x1021 }
    }
    for index in 256..<(8 * 256) {
      let previous = tables[index - 256]
      tables.append(previous << 8 ^ tables[Int(previous >> 8)])
    }
    return tables
  }()
}
