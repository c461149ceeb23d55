/// Snapshots put together by hand, for what no server at hand writes.
struct SnapshotBytes {
  private(set) var bytes: [UInt8]

  init(version: String = "REDIS0010") { bytes = Array(version.utf8) }

  func adding(_ more: [UInt8]) -> SnapshotBytes {
    var copy = self
    copy.bytes += more
    return copy
  }

  /// A short string with its length.
  func adding(_ text: String) -> SnapshotBytes { adding([UInt8(text.utf8.count)] + Array(text.utf8)) }

  /// With the end mark and the checksum of all before.
  var sealed: [UInt8] { SnapshotBytes.sealed(bytes + [0xff]) }

  /// With the end mark and a trailer that says that there is no checksum.
  var unsealed: [UInt8] { bytes + [0xff] + [UInt8](repeating: 0, count: 8) }

  /// `body` with its checksum after it, computed bit by bit.
  static func sealed(_ body: some Sequence<UInt8>) -> [UInt8] {
    let crc = body.reduce(UInt64(0)) { crc, byte in
      (0..<8).reduce(crc ^ UInt64(byte)) { crc, _ in crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0x95ac_9329_ac4b_c9b5 }
    }
    return Array(body) + (0..<8).map { UInt8(truncatingIfNeeded: crc >> (8 * $0)) }
  }

  /// The whole file with an all-zero trailer.
  static func withoutChecksum(_ file: [UInt8]) -> [UInt8] { file.dropLast(8) + [UInt8](repeating: 0, count: 8) }
}
