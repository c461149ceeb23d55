internal import DrillModel

/// What `RESTORE` and `FUNCTION RESTORE` make of a payload.
enum RestoredPayload {
  /// - Throws: `Refused` where a server would; `NotModelled` for a format that is not read.
  static func value(_ payload: [UInt8]) throws -> AOFValue {
    let (version, body) = try opened(payload)
    guard let type = body.first else { throw AOFInterpreter.Refused() }
    // A record has its key between its type and its value: an empty one.
    var collector = AOFRecordCollector()
    var value: AOFValue?
    try read(version, [type, 0] + body.dropFirst()) { batch in
      for piece in batch.pieces { value = collector.take(piece, of: batch) ?? value }
    }
    guard let value else { throw AOFInterpreter.NotModelled() }
    return value
  }

  static func libraries(_ payload: [UInt8]) throws -> [(name: [UInt8], code: [UInt8])] {
    let (version, body) = try opened(payload)
    var libraries: [(name: [UInt8], code: [UInt8])] = []
    var collector = AOFRecordCollector()
    try read(version, body) { batch in
      for piece in batch.pieces {
        guard case .string(let code)? = collector.take(piece, of: batch) else { continue }
        let name = batch.bytes[Int(piece.keyOffset)..<Int(piece.keyOffset + piece.keyCount)]
        libraries.append((Array(name), code.bytes))
      }
    }
    return libraries
  }

  /// A library by its code, whose first line holds its name.
  static func library(_ code: [UInt8]) throws -> (name: [UInt8], code: [UInt8]) {
    var body: [UInt8] = [RDBFormat.Opcode.function2.rawValue, 0x81]
    withUnsafeBytes(of: UInt64(code.count).bigEndian) { body += $0 }
    var name: [UInt8]?
    try read(RDBVersion(family: .redis, number: 10), body + code) { batch in
      for piece in batch.pieces where piece.begins {
        name = Array(batch.bytes[Int(piece.keyOffset)..<Int(piece.keyOffset + piece.keyCount)])
      }
    }
    guard let name else { throw AOFInterpreter.Refused() }
    return (name, code)
  }

  private static func opened(_ payload: [UInt8]) throws -> (RDBVersion, ArraySlice<UInt8>) {
    guard let payload = DumpPayload(payload) else { throw AOFInterpreter.Refused() }
    let version = payload.version
    // Source: valkey 9.0 src/rdb.h: its own formats begin at 80.
    let format = RDBVersion(family: version < 80 ? .redis : .valkey, number: version)
    guard format.family.versions.contains(version) else { throw AOFInterpreter.NotModelled() }
    return (format, payload.body)
  }

  /// Reads part of a snapshot as if it were a whole one, without a checksum.
  private static func read(
    _ version: RDBVersion, _ body: some Sequence<UInt8>, into handler: RecordHandler
  ) throws {
    let digits = String(version.number)
    let width = 9 - version.family.rawValue.utf8.count
    let head = version.family.rawValue + String(repeating: "0", count: width - digits.count) + digits
    let bytes = Array(head.utf8) + body + [RDBFormat.Opcode.end.rawValue] + [UInt8](repeating: 0, count: 8)
    let facts = try RDBReader().read(BytesSource(bytes), selection: .all, into: handler)
    guard facts.problems.isEmpty, facts.bytesAfterEnd == 0 else { throw AOFInterpreter.NotModelled() }
  }

  private struct BytesSource: ByteSource {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
      let count = min(buffer.count, bytes.count - position)
      buffer.copyBytes(from: bytes[position..<position + count])
      position += count
      return count
    }
  }
}
