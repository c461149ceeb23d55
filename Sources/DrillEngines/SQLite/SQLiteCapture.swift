import DrillModel
import Foundation
import GRDBSQLite

/// One capture: the cut, the copies, the hold.
struct SQLiteCapture {
  var cluster: ClusterDescription
  var topology: Topology
  var plan: CapturePlan
  var holdLimit: Duration
  var folder: String

  /// How often the write locks are tried for; writers run in between.
  private static let attempts = 5

  func run(_ whileHeld: (any HeldStore) async throws -> Void) async throws -> CapturedBackup {
    var shards: [SQLiteShard] = []
    do {
      for file in cluster.files { shards.append(try await SQLiteLiveCluster.opened(file)) }
      let backup = try await run(on: shards, whileHeld)
      for shard in shards { await shard.close() }
      return backup
    } catch {
      for shard in shards {
        _ = await shard.unlockWrites()
        await shard.close()
      }
      throw (error as? SQLiteFailure)?.liveError(cluster.name) ?? error
    }
  }

  private func run(
    on shards: [SQLiteShard], _ whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> CapturedBackup {
    var blocksWriters = false
    for shard in shards where try await attempt(shard, { try await $0.text("PRAGMA journal_mode") }) != "wal" {
      blocksWriters = true
    }
    let time = Instant.now
    let started = ContinuousClock.now
    var pause = Duration.zero
    var proof: [String]
    var files: [ArtifactFile] = []
    var holdEnds = started + (blocksWriters ? plan.maxPause : holdLimit)
    switch plan.coherence {
    case .coherent:
      (pause, proof, holdEnds) = try await withTaskExecutorPreference(CutExecutor()) {
        try await cut(shards, blocksWriters: blocksWriters)
      }
      for shard in shards { await limit(shard, to: holdEnds) }
      files = try await copy(shards)
    case .perShard, .window:
      proof = [
        "each file stands at its own read transaction; they were opened one after the other while writes went on"
      ]
      for shard in shards {
        try await attempt(shard) { try await $0.beginSnapshot() }
        await limit(shard, to: holdEnds)
        files += try await copy([shard])
      }
    }
    var positions: [String: String] = [:]
    for shard in shards { positions[shard.name] = try await position(of: shard, at: time) }
    try await whileHeld(SQLiteHeldStore(store: SQLiteStore(topology: topology, shards: shards), ends: holdEnds))
    if blocksWriters { pause = .now - started }
    return CapturedBackup(
      files: files, cut: Cut(time: time, coherence: plan.coherence, positions: positions, proof: proof),
      topology: topology,
      engineVersion: SQLiteEngine.version, pause: pause)
  }

  // MARK: One cut over all files

  /// Opens all snapshots while all write locks are held, so that no file can have changed between the first snapshot
  /// and the last.
  private func cut(
    _ shards: [SQLiteShard], blocksWriters: Bool
  ) async throws -> (pause: Duration, proof: [String], holdEnds: ContinuousClock.Instant) {
    for shard in shards { try await attempt(shard) { try await $0.openWriter() } }
    var longest = Duration.zero
    for number in 1...Self.attempts {
      var lockEnds: ContinuousClock.Instant?
      /// How long writers have been waiting for: since the first lock was taken.
      func pause() -> Duration { lockEnds.map { plan.maxPause - ($0 - .now) } ?? .zero }
      do {
        let patience = ContinuousClock.now + plan.maxPause
        for shard in shards {
          lockEnds = try await shard.lockWrites(patience: lockEnds ?? patience, until: lockEnds, atMost: plan.maxPause)
        }
        for shard in shards { try await attempt(shard) { try await $0.beginSnapshot() } }
        var lost: [String] = []
        for shard in shards where await !shard.unlockWrites() { lost.append(shard.name) }
        longest = max(longest, pause())
        guard lost.isEmpty else {
          throw DrillError(
            .notCoherent, subject: lost.joined(separator: ", "),
            detail: "the write lock had run out (\(plan.maxPause)) before all snapshots stood; allow a longer pause")
        }
        let span = String(format: "%.2f ms", pause().milliseconds)
        let holdEnds = blocksWriters ? lockEnds ?? patience : .now + holdLimit
        for shard in shards { await shard.closeWriter() }
        let proof = shards.map {
          "\($0.name): its write lock was held unbroken while all \(shards.count) snapshots were opened (\(span))"
        }
        return (longest, proof, holdEnds)
      } catch let failure as SQLiteFailure where failure.isBusy && number < Self.attempts {
        for shard in shards { await shard.letGo() }
        longest = max(longest, pause())
        // Production's writers get their turn before the next try; by how long must not fall in step with them.
        try await Task.sleep(for: .milliseconds(10 * number + Int.random(in: 0...20)))
      } catch let failure as SQLiteFailure {
        for shard in shards { await shard.letGo() }
        if failure.isBusy {
          throw DrillError(
            .timedOut, subject: cluster.name,
            detail:
              "the write locks of all files did not come within \(plan.maxPause), in \(Self.attempts) tries",
            underlying: failure)
        }
        throw failure.liveError(cluster.name)
      }
    }
    preconditionFailure("the last try returns or throws")
  }

  private func limit(_ shard: SQLiteShard, to end: ContinuousClock.Instant) async {
    let over = DrillError(.timedOut, subject: shard.name, detail: "the hold of the snapshot has ended")
    await shard.endSnapshot(at: end, because: over)
  }

  // MARK: Out of the snapshots

  /// Copies the shards' snapshots side by side.
  private func copy(_ shards: [SQLiteShard]) async throws -> [ArtifactFile] {
    let files = shards.map { ArtifactFile(shard: $0.name, format: "sqlite", path: "\(folder)/\($0.name).sqlite") }
    for file in files { try makeFile(file) }
    // A file that is only half there must not be taken for an artifact.
    var isWhole = false
    defer { if !isWhole { for file in files { unlink(file.path) } } }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (shard, file) in zip(shards, files) {
        group.addTask {
          do {
            _ = try await shard.copySnapshot(to: file.path)
          } catch let failure as SQLiteFailure {
            throw failure.liveError(shard.name)
          }
        }
      }
      try await group.waitForAll()
    }
    isWhole = true
    return files
  }

  /// A new file that nobody else may read; what stands there already is not touched.
  private func makeFile(_ file: ArtifactFile) throws {
    let descriptor = open(file.path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw DrillError(
        .io, subject: file.shard, detail: "the artifact cannot be made: \(String(cString: strerror(errno)))")
    }
    close(descriptor)
  }

  private func position(of shard: SQLiteShard, at time: Instant) async throws -> String {
    let columns = cluster.versionColumns
    // A tombstone carries the version of its table's rows.
    let tombstones = Dictionary(cluster.tombstones.map { ($0.value, $0.key) }) { first, _ in first }
    var position = try await attempt(shard) { shard in
      try await shard.position { table in
        columns[table] ?? tombstones[table].flatMap { columns[$0] } ?? columns["*"]
      }
    }
    position.time = time
    return position.description
  }

  private func attempt<R: Sendable>(_ shard: SQLiteShard, _ work: (SQLiteShard) async throws -> R) async throws -> R {
    do { return try await work(shard) } catch let failure as SQLiteFailure where !failure.isBusy {
      throw failure.liveError(shard.name)
    }
  }
}

/// The live files as they stand at the cut, for as long as their read transactions are held.
struct SQLiteHeldStore: HeldStore {
  var store: SQLiteStore
  var ends: ContinuousClock.Instant

  var shards: [String] { store.shards.map(\.name) }
  /// SQLite keeps no counters apart from its reader.
  func slotCounts() async throws -> SlotCounts? { nil }
  var isFingerprintable: Bool { true }
  var remaining: Duration { max(.zero, ends - .now) }

  func readRecords(shard: String, selection: RecordSelection, into handler: RecordHandler) async throws -> ReadFacts {
    try await store.readRecords(shard, selection, into: handler)
  }

  /// All sessions share the connections that hold the snapshots: an SQLite snapshot cannot be joined by another
  /// connection.
  func withSession<R: Sendable>(_ body: (any StoreSession) async throws -> R) async throws -> R {
    try await body(SQLiteSession(store: store))
  }
}
