internal import DrillModel

/// Reads values of modules through a server's `DUMP`: what the module itself writes of what it holds, in the form in which a
/// snapshot has it.
///
/// Not for production's own servers: a module's value is written whole, however large it is.
///
/// Source of the form, type and body, then 2 bytes of version and 8 of checksum, little-endian: redis 7.0 src/cluster.c
/// `createDumpPayload`.
struct RedisModuleReader {
  let source: RedisReadSource
  let expiries: RedisExpiryCommand?
  let database: Int

  /// Values that are asked for together.
  private static let round = 8
  private static let footer = 10

  /// Hands on the records of `keys`, and returns the bytes that they took.
  func read(_ keys: [RedisNamedKey], _ handler: RecordHandler) async throws -> UInt64 {
    var bytes: UInt64 = 0
    for start in stride(from: 0, to: keys.count, by: RedisModuleReader.round) {
      let round = keys[start..<min(start + RedisModuleReader.round, keys.count)]
      var commands = round.map { redisCommand(.word("DUMP"), $0.bytes) }
      if let expiries { commands += round.map { redisCommand(.word(expiries.name), $0.bytes) } }
      let replies = try await source.ask(commands)
      var stream = try beginning()
      for (index, key) in round.enumerated() {
        guard case .bulk(let payload) = replies[index] else { throw source.moved("a key went while it was read") }
        if let expiries { try append(expiry: replies[round.count + index], expiries, to: &stream) }
        try append(payload, of: key.bytes, to: &stream)
      }
      bytes += UInt64(stream.count)
      try hand(on: stream, count: round.count, to: handler)
    }
    return bytes
  }

  /// A snapshot's beginning, since the reader of snapshots reads these values too.
  private func beginning() throws -> [UInt8] {
    Array("\(RDBFormat.Family.redis.rawValue)0009".utf8) + [RDBFormat.Opcode.selectDatabase.rawValue]
      + RedisModuleReader.length(database)
  }

  private func append(expiry: RESPValue, _ command: RedisExpiryCommand, to stream: inout [UInt8]) throws {
    guard case .integer(let said) = expiry, said != -2 else { throw source.moved("a key went while it was read") }
    guard said != -1 else { return }
    stream.append(RDBFormat.Opcode.expiryMilliseconds.rawValue)
    withUnsafeBytes(of: command.expiry(said).littleEndian) { stream += $0 }
  }

  private func append(_ payload: [UInt8], of key: [UInt8], to stream: inout [UInt8]) throws {
    let end = payload.count - RedisModuleReader.footer
    guard end > 1 else { throw source.unreadable }
    guard payload[0] == RDBFormat.module2 else { throw source.moved("a key changed its type while it was read") }
    var crc = CRC64()
    payload.prefix(end + 2).withUnsafeBytes { crc.update($0) }
    let stored = payload.suffix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard stored == crc.value else { throw source.unreadable }
    stream.append(RDBFormat.module2)
    stream += RedisModuleReader.length(key.count)
    stream += key
    stream += payload[1..<end]
  }

  private func hand(on stream: [UInt8], count: Int, to handler: RecordHandler) throws {
    let whole = stream + [RDBFormat.Opcode.end.rawValue] + [UInt8](repeating: 0, count: 8)
    let facts = try RDBReader().read(HeldBytes(whole), selection: .all, into: handler)
    guard facts.problems.isEmpty, facts.bytesAfterEnd == 0, facts.records == UInt64(count) else {
      throw DrillError(
        .protocolViolation, subject: source.shard, detail: "the server writes a module's value that cannot be read")
    }
  }

  private static func length(_ value: Int) -> [UInt8] {
    [0x80] + withUnsafeBytes(of: UInt32(value).bigEndian) { Array($0) }
  }

  private struct HeldBytes: ByteSource {
    private var left: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { left = bytes[...] }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
      let part = left.prefix(buffer.count)
      buffer.copyBytes(from: part)
      left = left.dropFirst(part.count)
      return part.count
    }
  }
}
