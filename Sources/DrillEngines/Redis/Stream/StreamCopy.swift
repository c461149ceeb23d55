internal import DrillModel
internal import Foundation

/// The part of a recorded stream between two positions, as a stream of its own.
enum StreamCopy {
  private static let batchBytes = 1 << 20

  /// Copies what comes after one position and up to another of the same history, with its time stamps.
  ///
  /// - Throws: ``Failure`` where the stream does not tell it all; `DrillError`: `artifact-io`, `io`.
  static func copy(
    _ source: String, after start: ReplicationPosition, upTo end: ReplicationPosition, shard: String, to target: String
  ) throws {
    do {
      let reader = try StreamReader(path: source)
      guard reader.header.history == start.history, reader.header.history == end.history,
        reader.header.after <= start.offset
      else { throw Failure(detail: "it is of another replication history, or begins later") }
      var database = reader.header.database
      var recorder: StreamRecorder?
      func begin() throws -> StreamRecorder {
        try StreamRecorder(
          path: target,
          StreamHeader(shard: shard, history: start.history, after: start.offset, database: database))
      }
      if reader.offset == start.offset { recorder = try begin() }
      var batch = ReceivedBytes()
      var second: Int64?
      var bytes: [UInt8] = []
      var isTimed = true
      var isBatchTimed = true
      func flush() throws {
        if !batch.bytes.isEmpty { try recorder?.take(batch, isTimed: isBatchTimed) }
        batch = ReceivedBytes()
      }
      while reader.offset < end.offset || reader.wholeOffset < end.offset {
        switch try reader.next() {
        case .second(let now): (second, isTimed) = (now, true)
        case .untimed: isTimed = false
        case .block, .section: continue
        case .end(let reason):
          throw Failure(detail: reason ?? "it ends at offset \(reader.wholeOffset)")
        case .command:
          database = reader.command.selectedDatabase ?? database
          if reader.offset == start.offset { recorder = try begin() }
          guard reader.offset > start.offset else { continue }
          if reader.offset <= end.offset, recorder != nil {
            bytes.removeAll(keepingCapacity: true)
            RESPEncoder.append(reader.command.arrays(0..<reader.command.count), to: &bytes)
            if isTimed != isBatchTimed {
              try flush()
              isBatchTimed = isTimed
            }
            if let second, batch.seconds.last?.second != second {
              batch.seconds.append(.init(position: batch.bytes.count, second: second))
            }
            batch.bytes += bytes
            if batch.bytes.count >= batchBytes { try flush() }
          }
        }
      }
      try flush()
      guard recorder?.offset == end.offset else {
        throw Failure(detail: "no command begins at one of the positions")
      }
    } catch let error as StreamReader.Unreadable {
      throw Failure(detail: error.detail)
    }
  }

  /// What a stream does not tell, in one clause.
  struct Failure: Error { var detail: String }

  /// The offset that a stream's last annotation names, unproven; nil where none is near its end.
  static func lastOffset(of path: String) -> UInt64? {
    guard let size = try? FileByteSource(path: path).sizeBytes(),
      let bytes = try? AOFHead.read(path, from: size - min(size, 8192), limit: 8192)
    else { return nil }
    for line in bytes.split(separator: 0x0A).reversed() {
      if case .block(let offset)? = StreamAnnotation.read(line.filter { $0 != 0x0D })?.annotation { return offset }
    }
    return nil
  }
}
