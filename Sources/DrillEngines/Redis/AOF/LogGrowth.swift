internal import DrillModel

/// What a server's append-only log grew by since a place in it.
struct LogGrowth {
  private let shard: String
  private let layout: AOFLayout
  /// The file in which the predecessor ends.
  private let first: Int
  private let start: ReplicationPosition
  private let end: AOFScan.End
  /// The database that is selected at the start.
  private let database: UInt32
  /// Of the last time stamp before the start.
  private let second: Int64?
  private let tornBytes: UInt64

  private static let batchBytes = 1 << 20

  /// - Throws: `DrillError`: `capture-refused`, `artifact-io`.
  init(_ file: ArtifactFile, after start: ReplicationPosition, on predecessor: ArtifactFile) throws {
    func refusal(_ detail: String) -> DrillError {
      DrillError(.captureRefused, subject: file.shard, detail: "\(detail); seal a full backup, without --on")
    }
    shard = file.shard
    self.start = start
    layout = try AOFLayout(file)
    guard let first = layout.files.firstIndex(where: { $0.name == start.history }) else {
      throw refusal(
        "the log has no file \(start.history), in which the predecessor ends: it was rewritten since, or is another log"
      )
    }
    self.first = first
    let scan = try AOFScan(layout, knowsAllCommands: false)
    if let problem = scan.problems.first { throw refusal("the log is damaged: \(problem.detail)") }
    guard scan.end.file > first || (scan.end.file == first && scan.end.offset >= start.offset) else {
      throw refusal("\(start.history) is shorter than the predecessor has it")
    }
    end = scan.end
    tornBytes = scan.tornBytes
    let before = try AOFScan(
      layout, upTo: .position(file: start.history, offset: start.offset), knowsAllCommands: false)
    guard before.end == AOFScan.End(file: first, offset: start.offset) else {
      throw refusal(
        "no command ends at byte \(start.offset) of \(start.history), where the predecessor does: it is another log")
    }
    database = UInt32(before.database)
    second = before.time
    guard try LogGrowth.holds(predecessor, of: start, in: layout.files[first].path) else {
      throw refusal("\(start.history) does not begin with what the predecessor has of it: it is another log")
    }
  }

  func write(to path: String) throws -> ForeignGrowth {
    var header = StreamHeader(
      shard: shard, history: start.history, after: start.offset, database: database, countsAnnotations: true,
      second: second)
    let recorder = try StreamRecorder(path: path, header)
    for index in first...end.file {
      let file = layout.files[index]
      if index > first {
        header = StreamHeader(shard: shard, history: file.name, after: 0, database: 0, countsAnnotations: true)
        try recorder.begin(header)
      }
      let source = try FileByteSource(path: file.path, from: header.after)
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: LogGrowth.batchBytes, alignment: 64)
      defer { buffer.deallocate() }
      var left = (index == end.file ? end.offset : file.sizeBytes) - header.after
      while left > 0 {
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(left, UInt64(buffer.count)))])
        let count = try source.read(into: room)
        guard count > 0 else { break }
        try recorder.take(ReceivedBytes(bytes: Array(room[..<count])))
        left -= UInt64(count)
      }
      let whole = index == end.file ? end.offset : file.sizeBytes
      guard recorder.offset == whole else {
        throw DrillError(.artifactUnreadable, subject: file.name, detail: "it changed while it was read")
      }
    }
    return ForeignGrowth(
      file: ArtifactFile(shard: shard, format: AOFFormat.stream, path: path),
      position: ReplicationPosition(history: header.history, offset: recorder.offset).description, tornBytes: tornBytes)
  }

  /// Whether a file begins with what a backup has of it up to a position.
  private static func holds(_ backup: ArtifactFile, of end: ReplicationPosition, in path: String) throws -> Bool {
    guard backup.isAOF else { return false }
    let file = try FileByteSource(path: path)
    var matched: UInt64 = 0
    func matches(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
      var rest = bytes
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, min(rest.count, batchBytes)), alignment: 64)
      defer { buffer.deallocate() }
      while rest.count > 0 {
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(rest.count, buffer.count)])
        let count = try file.read(into: room)
        guard count > 0, room[..<count].elementsEqual(rest[..<count]) else { return false }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        matched += UInt64(count)
      }
      return true
    }
    for part in try AOFLayout(backup).files {
      guard let reader = try? StreamReader(path: part.path) else {
        guard part.path.hasSuffix("/" + end.history) else { continue }
        let source = try FileByteSource(path: part.path)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: batchBytes, alignment: 64)
        defer { buffer.deallocate() }
        var left = min(part.sizeBytes, end.offset)
        while left > 0 {
          let count = try source.read(
            into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(left, UInt64(buffer.count)))]))
          guard count > 0, try matches(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return false }
          left -= UInt64(count)
        }
        continue
      }
      reading: while true {
        let item = try reader.next()
        if case .end = item { break reading }
        guard reader.section.history == end.history else { continue }
        var bytes: [UInt8] = []
        switch item {
        case .command: RESPEncoder.append(reader.command.arrays(0..<reader.command.count), to: &bytes)
        case .second(let second): bytes = Array("#TS:\(second)\r\n".utf8)
        default: continue
        }
        guard try bytes.withUnsafeBytes(matches) else { return false }
      }
    }
    return matched == end.offset
  }
}
