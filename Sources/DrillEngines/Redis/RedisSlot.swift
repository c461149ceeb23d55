package import DrillModel

/// Redis Cluster's share of the key space for a key.
package enum RedisSlot {
  /// The slot of `key`: CRC-16 of its hash tag, or of the whole key where it has none, modulo 16384.
  ///
  /// A hash tag is what stands between the first `{` and the first `}` after it, unless that is nothing.
  /// Source: Redis Cluster specification, "Key distribution model" and "Hash tags"; redis 7.0 src/cluster.c `keyHashSlot`.
  package static func slot(of key: UnsafeRawBufferPointer) -> Slot {
    var part = key
    if let open = key.firstIndex(of: UInt8(ascii: "{")),
      let close = key[(open + 1)...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
    {
      part = UnsafeRawBufferPointer(rebasing: key[(open + 1)..<close])
    }
    return Slot(rawValue: crc16(part) & UInt16(Slot.count - 1))
  }

  package static func slot(of key: [UInt8]) -> Slot { key.withUnsafeBytes { slot(of: $0) } }

  /// CRC-16/XMODEM: polynomial 0x1021, not reflected, from 0. Source: Redis Cluster specification, appendix A.
  static func crc16(_ bytes: UnsafeRawBufferPointer) -> UInt16 {
    table.withUnsafeBufferPointer { table in
      bytes.reduce(0) { crc, byte in crc << 8 ^ table[Int(crc >> 8 ^ UInt16(byte))] }
    }
  }

  private static let table: [UInt16] = (0..<256).map { index in
    (0..<8).reduce(UInt16(index) << 8) { crc, _ in crc & 0x8000 == 0 ? crc << 1 : crc << 1 ^ 0x1021 }
  }
}
