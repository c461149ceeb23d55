internal import DrillModel
internal import Foundation

/// How much address space a server gets for an artifact, where nobody says.
enum RedisMemoryEstimate {
  /// Code, stacks and arenas of a server that holds nothing, with room to spare.
  static let overheadBytes: UInt64 = 512 << 20

  /// Twice what the writer says that it used (`used-mem` in the file's head), and at least 16 times the file; never
  /// more than the machine's memory, but always enough for the file as it is. A hint, not a promise: a file may lie.
  static func addressSpaceBytes(forFile path: String, sizeBytes: UInt64) -> UInt64 {
    let said = min(usedMemory(inHeadOf: path) ?? 0, 1 << 46)
    let wanted = max(said * 2, min(sizeBytes, 1 << 44) * 16)
    let machine = ProcessInfo.processInfo.physicalMemory
    return max(min(wanted, machine), min(sizeBytes, 1 << 44) * 2) + overheadBytes
  }

  /// The auxiliary field `used-mem`. Source: redis 7.0 src/rdb.c `rdbSaveInfoAuxFields`.
  static func usedMemory(inHeadOf path: String) -> UInt64? {
    guard let file = FileHandle(forReadingAtPath: path), let data = try? file.read(upToCount: 512) else { return nil }
    let head = [UInt8](data)
    let name = Array("used-mem".utf8)
    guard let found = head.firstRange(of: name), found.upperBound < head.count else { return nil }
    let rest = head[found.upperBound...]
    func littleEndian(_ count: Int) -> UInt64? {
      guard rest.count > count else { return nil }
      return rest.dropFirst().prefix(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    // A number is kept as an 8, 16 or 32 bit integer, else as decimal text. Source: redis 7.0 src/rdb.h, RDB_ENC_INT8
    // and on.
    switch rest.first {
    case 0xC0: return littleEndian(1)
    case 0xC1: return littleEndian(2)
    case 0xC2: return littleEndian(4)
    case let length? where length < 0x40:
      return UInt64(String(decoding: rest.dropFirst().prefix(Int(length)), as: UTF8.self))
    default: return nil
    }
  }
}
