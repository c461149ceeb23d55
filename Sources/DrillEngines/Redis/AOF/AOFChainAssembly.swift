internal import DrillModel

/// Puts one shard's full backup and change streams together, part by part.
struct AOFChainAssembly {
  private let shard: String
  private var chain = AOFChain()
  /// The database that is selected at the end of what is there.
  private var database = 0
  /// Where that is; nil where the full backup does not say.
  private(set) var position: ReplicationPosition?
  private var second: Int64?
  private var commands: UInt64 = 0
  private var streams = 0
  private var problems: [(backup: String, problem: ReadFacts.Problem)] = []
  private var shortfall: String?
  /// Whether the point lies before what would come next.
  private(set) var isLeft = false

  /// - Parameter base: a snapshot, or a log of any form; it may be a chain itself.
  /// - Throws: `DrillError` with `artifact-io`.
  init(shard: String, base: ArtifactFile) throws {
    self.shard = shard
    guard base.isAOF else {
      chain.parts = [
        .init(
          path: base.path, startBytes: 0, endBytes: try FileByteSource(path: base.path).sizeBytes(), database: 0,
          isBase: true)
      ]
      // The head of a damaged snapshot says nothing; reading it will.
      position = (try? RDBHead(path: base.path))?.position.flatMap(ReplicationPosition.init)
      return
    }
    let layout = try AOFLayout(base)
    let scan = try AOFScan(layout, knowsAllCommands: false)
    for (index, file) in layout.files.enumerated() where index <= scan.end.file {
      chain.parts.append(
        .init(
          path: file.path, startBytes: file.start, endBytes: index == scan.end.file ? scan.end.offset : file.sizeBytes,
          database: file.database, isBase: file.mayHavePreamble))
    }
    database = scan.database
    if base.format != AOFFormat.chain { position = scan.endPosition }
  }

  // MARK: Links

  mutating func add(_ increment: ShardChain.Increment, upTo point: RestorePoint) throws {
    for file in increment.files where !isLeft {
      guard file.format == AOFFormat.stream else {
        problems.append(
          (increment.backup, .init(.unsupportedVersion, detail: "an increment of the format \(file.format)")))
        isLeft = true
        return
      }
      do {
        try add(try StreamScan(path: file.path, upTo: streamPoint(point, increment)), increment, point, file.path)
      } catch let error as StreamReader.Unreadable {
        problems.append((increment.backup, .init(.undecodable, offset: 0, detail: error.detail)))
        isLeft = true
      }
    }
  }

  private func streamPoint(_ point: RestorePoint, _ increment: ShardChain.Increment) -> StreamScan.Point {
    switch point {
    case .end: return .end
    case .time(let time): return increment.time <= time ? .end : .second(AOFChainAssembly.second(of: time))
    case .positions(let positions):
      return positions[shard].flatMap(ReplicationPosition.init).map { .position($0) } ?? .end
    }
  }

  private static func second(of time: Instant) -> Int64 {
    Int64((Double(time.millisecondsSince1970) / 1000).rounded(.down))
  }

  private mutating func add(
    _ scan: StreamScan, _ increment: ShardChain.Increment, _ point: RestorePoint, _ path: String
  ) throws {
    let from = ReplicationPosition(history: scan.header.history, offset: scan.header.after)
    func note(_ problem: ReadFacts.Problem) { problems.append((increment.backup, problem)) }
    if let position, position != from {
      note(
        .init(.undecodable, offset: 0, detail: "it goes on from \(from), and what it is made on ends at \(position)"))
    }
    if scan.header.shard != shard {
      note(.init(.undecodable, offset: 0, detail: "it says that it is of the shard \(scan.header.shard)"))
    }
    for problem in AOFChainAssembly.problems(of: scan, isRead: scan.cut == scan.end) { note(problem) }
    if case .positions(let positions) = point, let end = positions[shard].flatMap(ReplicationPosition.init),
      let order = from.order(end), order >= 0
    {
      isLeft = true
      return
    }
    if scan.isUntimed {
      shortfall =
        "of the changes after \(scan.cut.position) in \(increment.backup) nobody knows when they were made"
        + " (a server's log tells it with `aof-timestamp-enabled`, a stream while `capture --follow` receives it): they are"
        + " left out"
    }
    append(scan, path)
    isLeft = scan.cut != scan.end || scan.isStopped
  }

  /// Adds the part of a recorded stream between two positions.
  ///
  /// - Returns: why it does not tell it all; nil: it does.
  /// - Throws: `DrillError` with `artifact-io`.
  mutating func add(
    stream path: String, after start: ReplicationPosition, upTo end: ReplicationPosition
  ) throws -> String? {
    do {
      let scan = try StreamScan(path: path, from: start, upTo: .position(end))
      guard scan.start != nil else { return scan.gap ?? "no command begins at the cut" }
      guard scan.cut.position == end else {
        return scan.gap
          ?? (scan.end.offset < end.offset
            ? "the change stream ends at offset \(scan.end.offset), before the snapshot's \(end.offset)"
            : "no command ends at the snapshot's offset \(end.offset)")
      }
      append(scan, path)
      return nil
    } catch let error as StreamReader.Unreadable {
      return error.detail
    }
  }

  private mutating func append(_ scan: StreamScan, _ path: String) {
    guard let start = scan.start else { return }
    if scan.cut.bytes > start.bytes {
      chain.parts.append(
        .init(
          path: path, startBytes: start.bytes, endBytes: scan.cut.bytes,
          database: start.database.map { Int($0) } ?? database, isBase: false))
      database = scan.cut.database.map { Int($0) } ?? database
    }
    position = scan.cut.position
    second = scan.cut.second ?? second
    commands += scan.commands
    streams += 1
  }

  /// What is wrong with a stream by itself.
  ///
  /// - Parameter isRead: whether it was read to its end, or what is vouched for of it.
  static func problems(of scan: StreamScan, isRead: Bool) -> [ReadFacts.Problem] {
    var problems: [ReadFacts.Problem] = []
    if let gap = scan.gap {
      problems.append(
        .init(.undecodable, offset: Int64(clamping: scan.end.bytes), detail: "the stream is cut off: \(gap)"))
    }
    if isRead, let transaction = scan.openTransaction {
      problems.append(
        .init(
          .undecodable, offset: Int64(clamping: scan.end.bytes),
          detail: "the transaction that begins after offset \(transaction) has no end"))
    }
    return problems
  }

  func finish(in folder: String) throws -> AssembledShard {
    var assembled = AssembledShard(
      file: try chain.write(to: "\(folder)/chain.json", shard: shard), position: position?.description,
      time: second.map { Instant(millisecondsSince1970: $0 * 1000) }, problems: problems, shortfall: shortfall)
    if streams > 0 {
      assembled.notes.append("\(commands) commands of \(streams) change \(streams == 1 ? "stream" : "streams")")
    }
    return assembled
  }
}
