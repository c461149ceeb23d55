internal import DrillModel
internal import Glibc

/// Writes one shard's change log: append-only, so that a log that was cut off is whole up to its last whole entry.
struct ChangeRecorder: ~Copyable {
  private let descriptor: CInt
  private var stream: ChangeStream

  /// The name of a shard's log in its folder.
  static func path(folder: String, shard: String) -> String { "\(folder)/\(shard).changes" }

  /// Begins the log.
  ///
  /// - Throws: `DrillError` with `io`: a log is there already, or cannot be written.
  init(folder: String, shard: String, replicationID: String, after offset: UInt64, database: UInt32?) throws {
    let path = ChangeRecorder.path(folder: folder, shard: shard)
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
    stream = ChangeStream(after: offset, database: database)
    guard descriptor >= 0 else { throw ChangeRecorder.failure("cannot be created", shard) }
    var bytes = ChangeEntry.magic
    ChangeEntry.header(shard: shard, replicationID: replicationID, after: offset).append(to: &bytes)
    try write(bytes)
  }

  deinit { Glibc.close(descriptor) }

  var offset: UInt64 { stream.offset }
  var isWhole: Bool { stream.isWhole }

  /// Takes the stream's next bytes and records what they change.
  ///
  /// - Throws: `DrillError`: `protocol-violation`, `io`.
  mutating func take(_ bytes: [UInt8]) throws {
    do {
      try stream.take(bytes)
    } catch let violation as RESPParser.Violation {
      throw DrillError(.protocolViolation, detail: "not a replication stream: \(violation.detail)")
    }
    try write(stream.takePending())
  }

  /// Says that nothing is known for certain from here on.
  mutating func giveUp(_ reason: String) throws {
    var bytes: [UInt8] = []
    ChangeEntry.notWhole(offset: stream.offset, reason: reason).append(to: &bytes)
    try write(bytes)
  }

  private func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { bytes in
      var rest = bytes
      while let base = rest.baseAddress, rest.count > 0 {
        let count = Glibc.write(descriptor, base, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw ChangeRecorder.failure("cannot be written", "") }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
  }

  private static func failure(_ what: String, _ shard: String) -> DrillError {
    DrillError(.io, subject: shard, detail: "the change log \(what): \(String(cString: strerror(errno)))")
  }
}
