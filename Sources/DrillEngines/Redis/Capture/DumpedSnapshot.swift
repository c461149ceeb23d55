internal import DrillModel
internal import NIOPosix

/// A snapshot's file put together from what `DUMP` gave, key by key; a real server loads it like any other.
///
/// Left out is what `DUMP` does not tell: how lately and how often a key was used.
/// Source: redis 7.0 src/rdb.c `rdbSaveRio`, `rdbSaveDb`, `rdbSaveKeyValuePair`; FORMATS as ``RDBFormat`` has them.
struct DumpedSnapshot {
  private let file: SnapshotFile
  private let writer: (name: String, version: String)
  private var checksum = CRC64()
  private var buffer: [UInt8] = []
  private var version: Int?

  /// Bytes that are kept back before they are written.
  private static let room = 1 << 20
  /// Where there is no key that could say otherwise: any server loads it.
  private static let versionOfNothing = 6

  /// - Parameter writer: as the auxiliary fields say it: `redis-ver` and the server's version.
  init(_ file: SnapshotFile, writer: (name: String, version: String)) {
    self.file = file
    self.writer = writer
  }

  /// - Throws: `DrillError` with `protocol-violation` where it is of another format version than what came before.
  mutating func append(libraries payload: DumpPayload) async throws {
    try begin(payload.version)
    buffer += payload.body
    try await flush(atLeast: DumpedSnapshot.room)
  }

  mutating func select(_ database: Int, version: Int) throws {
    try begin(version)
    buffer.append(0xFE)
    appendLength(database)
  }

  /// - Parameter expiry: milliseconds since 1970; nil: none.
  /// - Throws: `DrillError`: `protocol-violation` as above, `io`.
  mutating func append(key: [UInt8], _ payload: DumpPayload, expiry: Int64?) async throws {
    try begin(payload.version)
    guard let type = payload.body.first else {
      throw DrillError(.protocolViolation, subject: "DUMP", detail: "a payload without a value")
    }
    if let expiry {
      buffer.append(0xFC)
      appendFixed(UInt64(bitPattern: expiry))
    }
    buffer.append(type)
    appendLength(key.count)
    buffer += key
    buffer += payload.body.dropFirst()
    try await flush(atLeast: DumpedSnapshot.room)
  }

  /// Writes the end with its checksum, and gives the file its name.
  mutating func finish() async throws {
    try begin(version ?? DumpedSnapshot.versionOfNothing)
    buffer.append(0xFF)
    try await flush(atLeast: 0)
    appendFixed(checksum.value)
    try await flush(atLeast: 0)
    let file = file
    try await NIOThreadPool.singleton.runIfActive { try file.seal() }
  }

  private mutating func begin(_ version: Int) throws {
    if let known = self.version {
      guard known == version else {
        throw DrillError(
          .protocolViolation, subject: "DUMP",
          detail: "payloads of format \(known) and of format \(version) from one server")
      }
      return
    }
    self.version = version
    // Valkey names itself from its own versions on; see RDBFormat.
    let magic =
      version >= 80 ? "VALKEY" + digits(version, 3) : "REDIS" + digits(version, 4)
    buffer += Array(magic.utf8)
    buffer.append(0xFA)
    appendText(writer.name)
    appendText(writer.version)
  }

  private func digits(_ number: Int, _ width: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }

  private mutating func appendText(_ text: String) {
    appendLength(text.utf8.count)
    buffer += Array(text.utf8)
  }

  private mutating func appendFixed(_ value: UInt64) {
    for shift in stride(from: 0, to: 64, by: 8) { buffer.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
  }

  /// Source: redis 7.0 src/rdb.c `rdbSaveLen`.
  private mutating func appendLength(_ length: Int) {
    if length < 1 << 6 {
      buffer.append(UInt8(length))
    } else if length < 1 << 14 {
      buffer += [0x40 | UInt8(length >> 8), UInt8(length & 0xFF)]
    } else if length <= Int(UInt32.max) {
      buffer.append(0x80)
      for shift in [24, 16, 8, 0] { buffer.append(UInt8(truncatingIfNeeded: length >> shift)) }
    } else {
      buffer.append(0x81)
      for shift in stride(from: 56, through: 0, by: -8) { buffer.append(UInt8(truncatingIfNeeded: length >> shift)) }
    }
  }

  private mutating func flush(atLeast size: Int) async throws {
    guard buffer.count >= max(size, 1) else { return }
    var bytes: [UInt8] = []
    swap(&bytes, &buffer)
    bytes.withUnsafeBytes { checksum.update($0) }
    let (file, written) = (file, bytes)
    try await NIOThreadPool.singleton.runIfActive { try written.withUnsafeBytes { try file.take($0) } }
    bytes.removeAll(keepingCapacity: true)
    buffer = bytes
  }
}
