import DrillEngines
import DrillModel
import DrillProduction
import Foundation
import Synchronization
import Testing

@Suite("Captures of live SQLite files", .serialized)
struct SQLiteCaptureTests {
  /// Files with a table of causes and one of effects; causes are written to the first half of them, effects to the
  /// rest.
  private func causes(_ folder: String, shards: Int = 4, mode: String = "WAL") throws -> ClusterDescription {
    let files = (0..<shards).map {
      ClusterDescription.ShardFile(name: "s\($0)", path: "\(folder)/s\($0).db", slots: nil)
    }
    for file in files {
      try makeDatabase(
        file.path, "PRAGMA journal_mode=\(mode)", "CREATE TABLE causes(id INTEGER PRIMARY KEY)",
        "CREATE TABLE effects(id INTEGER PRIMARY KEY)", "CREATE TABLE ballast(id INTEGER PRIMARY KEY, v BLOB)",
        "INSERT INTO ballast VALUES(1, randomblob(2000000))")
    }
    return ClusterDescription(name: "c", engine: "sqlite", files: files)
  }

  /// Writes effects, each after its cause was committed, until told to stop.
  private func writeEffects(
    _ cluster: ClusterDescription, _ written: borrowing Atomic<Int>, _ stop: borrowing Atomic<Bool>
  ) async throws {
    let writers = try cluster.files.map { file in
      let connection = try SQLiteConnection(path: file.path, access: .writer)
      connection.waitForLocks(.seconds(30))
      try connection.execute("PRAGMA synchronous=OFF")
      return connection
    }
    defer { for writer in writers { writer.close() } }
    var id = written.load(ordering: .relaxed)
    while !stop.load(ordering: .relaxed) {
      id += 1
      try writers[id % (writers.count / 2)].execute("INSERT INTO causes VALUES(\(id))")
      try writers[writers.count / 2 + id % (writers.count / 2)].execute("INSERT INTO effects VALUES(\(id))")
      written.store(id, ordering: .relaxed)
      await Task.yield()
    }
  }

  /// How many effects stand without their cause.
  private func orphans(_ files: [ArtifactFile]) throws -> (orphans: Int, effects: Int) {
    var causes: Set<Int64> = []
    var effects: Set<Int64> = []
    for file in files {
      let connection = try SQLiteConnection(path: file.path, access: .sealed)
      defer { connection.close() }
      for (table, isCause) in [("causes", true), ("effects", false)] {
        let rows = try connection.prepare("SELECT id FROM \(table)")
        while try rows.step() {
          if isCause { causes.insert(rows.integer(0)) } else { effects.insert(rows.integer(0)) }
        }
      }
    }
    return (effects.subtracting(causes).count, effects.count)
  }

  private final class Signals: Sendable {
    let written = Atomic(0)
    let stop = Atomic(false)
  }

  @Test("a coherent cut under writes never holds an effect without its cause, and a per-shard one does")
  func causeAndEffect() async throws {
    try await withSQLiteFolder { folder in
      let cluster = try causes(folder)
      let signals = Signals()
      let writing = Task { try await writeEffects(cluster, signals.written, signals.stop) }
      defer { signals.stop.store(true, ordering: .relaxed) }
      let engine = SQLiteEngine()
      func capture(_ coherence: Cut.Coherence, _ name: String) async throws -> CapturedBackup {
        try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: false)
        return try await engine.withLive(cluster) { live in
          try await live.capture(CapturePlan(coherence: coherence), into: folder + "/" + name) { _ in }
        }
      }
      for round in 0..<12 {
        let before = signals.written.load(ordering: .relaxed)
        #expect(try await waitUntilTrue { signals.written.load(ordering: .relaxed) > before + 5 })
        let backup = try await capture(.coherent, "c\(round)")
        #expect(backup.cut.coherence == .coherent && backup.cut.proof.count == 4)
        #expect(backup.pause > .zero && backup.pause < .seconds(2))
        let (orphans, effects) = try orphans(backup.files)
        #expect(orphans == 0 && effects >= before)
      }
      var found = 0
      for round in 0..<50 where found == 0 {
        let backup = try await capture(.perShard, "p\(round)")
        #expect(backup.cut.coherence == .perShard && backup.pause == .zero)
        found = try orphans(backup.files).orphans
      }
      #expect(found > 0)
      signals.stop.store(true, ordering: .relaxed)
      try await writing.value
    }
  }

  @Test("the copies are the held snapshot, byte for byte of content, however much is written meanwhile")
  func copiesAreTheSnapshot() async throws {
    try await withSQLiteFolder { folder in
      let production = try await SyntheticSQLiteProduction.make(in: folder, seed: 5, records: 20_000, shards: 2)
      try FileManager.default.createDirectory(atPath: folder + "/to", withIntermediateDirectories: false)
      let stop = Signals()
      let churning = Task {
        var seed: UInt64 = 1
        while !stop.stop.load(ordering: .relaxed) {
          try await production.churn(changes: 20, seed: seed)
          seed += 1
          stop.written.add(1, ordering: .relaxed)
        }
      }
      let held = Mutex<[Set<TestRow>]>([])
      let backup = try await SQLiteEngine().withLive(production.cluster) { live in
        try await live.capture(CapturePlan(coherence: .coherent), into: folder + "/to") { store in
          #expect(store.isFingerprintable)
          #expect(try await store.slotCounts() == nil)
          #expect(store.remaining > .seconds(60))
          // Production goes on for a while before the held snapshot is read.
          let before = stop.written.load(ordering: .relaxed)
          #expect(try await waitUntilTrue { stop.written.load(ordering: .relaxed) > before + 10 })
          let content = try await readRows(store).content
          held.withLock { $0.append(content) }
        }
      }
      stop.stop.store(true, ordering: .relaxed)
      try await churning.value
      let copied = try backup.files.map { try readRows($0) }
      #expect(copied.allSatisfy { $0.facts.problems.isEmpty && $0.facts.bytesAfterEnd == 0 })
      let content = Set(copied.flatMap { $0.fold.records })
      #expect(held.withLock { $0 } == [content])
      let now = try await SQLiteEngine().withLive(production.cluster) { try await readRows($0).content }
      #expect(now != content)
      #expect(backup.topology.mapsSlots && backup.topology.slots == .all)
      for (file, copy) in zip(backup.files, copied) {
        let allowed = backup.topology.slotsAllowed(in: file.shard)
        #expect(copy.fold.records.allSatisfy { allowed.contains($0.slot) })
      }
      await production.close()
    }
  }

  @Test("production's files are not written, and a cluster that nobody has open keeps its log")
  func nothingIsWritten() async throws {
    try await withSQLiteFolder { folder in
      let cluster = try causes(folder, shards: 1)
      let path = cluster.files[0].path
      // A log with a transaction in it, left by a process that ended without closing.
      let writer = try SQLiteConnection(path: path, access: .writer)
      try writer.execute("PRAGMA wal_autocheckpoint=0")
      try writer.execute("INSERT INTO causes VALUES(77)")
      for suffix in ["", "-wal"] {
        try FileManager.default.copyItem(atPath: path + suffix, toPath: folder + "/orphan" + suffix)
      }
      writer.close()
      let orphan = ClusterDescription(
        name: "c", engine: "sqlite", files: [.init(name: "o", path: folder + "/orphan", slots: nil)])
      let before = try ["", "-wal"].map { try Data(contentsOf: URL(fileURLWithPath: folder + "/orphan" + $0)) }
      try FileManager.default.createDirectory(atPath: folder + "/to", withIntermediateDirectories: false)
      let backup = try await SQLiteEngine().withLive(orphan) { live in
        try await live.capture(CapturePlan(coherence: .coherent), into: folder + "/to") { _ in }
      }
      #expect(try readRows(backup.files[0]).fold.records.contains { $0.namespace == "causes" && $0.key == rowKey(77) })
      let after = try ["", "-wal"].map { try Data(contentsOf: URL(fileURLWithPath: folder + "/orphan" + $0)) }
      #expect(before == after)
    }
  }

  @Test("a writer that keeps its lock makes the capture time out; production and later captures go on")
  func lockedOut() async throws {
    try await withSQLiteFolder { folder in
      let cluster = try causes(folder, shards: 2)
      let plan = CapturePlan(coherence: .coherent, maxPause: .milliseconds(60))
      let writer = try SQLiteConnection(path: cluster.files[1].path, access: .writer)
      try writer.execute("BEGIN IMMEDIATE")
      try writer.execute("INSERT INTO causes VALUES(1)")
      let code = await drillErrorCode {
        _ = try await SQLiteEngine().withLive(cluster) { try await $0.capture(plan, into: folder) { _ in } }
      }
      #expect(code == .timedOut)
      #expect(!FileManager.default.fileExists(atPath: folder + "/s0.sqlite"))
      try writer.execute("COMMIT")
      let first = try SQLiteConnection(path: cluster.files[0].path, access: .writer)
      try first.execute("INSERT INTO causes VALUES(2)")
      first.close()
      writer.close()
      let backup = try await SQLiteEngine().withLive(cluster) { try await $0.capture(plan, into: folder) { _ in } }
      #expect(
        try backup.files.map { try readRows($0).fold.records.filter { $0.namespace == "causes" }.count } == [1, 1])
    }
  }

  @Test("without WAL the estimate says that writers wait, refuses what does not fit, and the hold ends in time")
  func rollbackJournal() async throws {
    try await withSQLiteFolder { folder in
      let cluster = try causes(folder, shards: 2, mode: "DELETE")
      let engine = SQLiteEngine()
      let short = CapturePlan(coherence: .coherent, maxPause: .milliseconds(10))
      let estimate = try await engine.withLive(cluster) { try await $0.estimate(short) }
      #expect(estimate.pauseMs > 20 && estimate.refusals.count == 1)
      #expect(estimate.lines.allSatisfy { $0.contains("writers wait") })
      let code = await drillErrorCode {
        _ = try await engine.withLive(cluster) { try await $0.capture(short, into: folder) { _ in } }
      }
      #expect(code == .captureRefused)
      let plan = CapturePlan(coherence: .coherent, maxPause: .milliseconds(1500))
      let heldCode = Mutex<DrillError.Code?>(nil)
      let backup = try await engine.withLive(cluster) { live in
        try await live.capture(plan, into: folder) { held in
          #expect(held.remaining < .milliseconds(1500))
          let writer = try SQLiteConnection(path: cluster.files[0].path, access: .writer)
          defer { writer.close() }
          writer.waitForLocks(.seconds(20))
          // Waits for the hold to end: it has to, by itself.
          try writer.execute("INSERT INTO causes VALUES(1)")
          let code = await drillErrorCode { _ = try await readRows(held) }
          heldCode.withLock { $0 = code }
        }
      }
      #expect(heldCode.withLock { $0 } == .timedOut)
      #expect(backup.pause >= .milliseconds(1000))
      #expect(try readRows(backup.files[0]).fold.records.allSatisfy { $0.namespace != "causes" })
    }
  }

  @Test("in WAL mode nothing is said to wait for the copy")
  func walEstimate() async throws {
    try await withSQLiteFolder { folder in
      let cluster = try causes(folder)
      let estimate = try await SQLiteEngine().withLive(cluster) {
        try await $0.estimate(CapturePlan(coherence: .coherent))
      }
      #expect(estimate.refusals.isEmpty && estimate.forkMs == 0 && estimate.lines.count == 4)
      #expect(estimate.lines.allSatisfy { $0.contains("writers go on") })
    }
  }

  @Test("files that are not there, names that cannot be files and half a slot map are refused")
  func refused() async throws {
    try await withSQLiteFolder { folder in
      let file = try makeDatabase(folder + "/a", "CREATE TABLE t(a)")
      func code(_ files: [ClusterDescription.ShardFile]) async -> DrillError.Code? {
        await drillErrorCode {
          try await SQLiteEngine().withLive(ClusterDescription(name: "c", engine: "sqlite", files: files)) { _ in }
        }
      }
      #expect(await code([.init(name: "a", path: folder + "/b", slots: nil)]) == .unreachable)
      #expect(await code([.init(name: "../a", path: file.path, slots: nil)]) == .usage)
      #expect(await code([]) == .usage)
      #expect(
        await code([.init(name: "a", path: file.path, slots: .all), .init(name: "b", path: file.path, slots: nil)])
          == .usage)
      #expect(
        await code([.init(name: "a", path: file.path, slots: nil), .init(name: "a", path: file.path, slots: nil)])
          == .usage)
      #expect(await code([.init(name: "a", path: file.path, slots: nil)]) == nil)
    }
  }

  @Test("an artifact that is there already is not written over")
  func existingArtifact() async throws {
    try await withSQLiteFolder { folder in
      let cluster = try causes(folder, shards: 1)
      try Data("mine".utf8).write(to: URL(fileURLWithPath: folder + "/s0.sqlite"))
      let code = await drillErrorCode {
        _ = try await SQLiteEngine().withLive(cluster) { try await $0.capture(CapturePlan(), into: folder) { _ in } }
      }
      #expect(code == .io)
      #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/s0.sqlite")) == Data("mine".utf8))
    }
  }
}
