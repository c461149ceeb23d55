internal import DrillModel
internal import Foundation
internal import Glibc

/// One shard's server: running, loaded, and asked who it is.
struct RedisShardServer: Sendable {
  var shard: String
  var process: ChildProcess
  var endpoint: Endpoint
  var credentials: RedisCredentials
  var info: Facts
  var phases: [PhaseTiming]
  /// Memory that is left for writes under load: half of what the server's limit leaves beyond its own overhead and what
  /// it holds, since an address space is never used to its end.
  var headroomBytes: UInt64 {
    let taken = info.usedMemory + RedisMemoryEstimate.overheadBytes / 2
    return addressSpaceBytes > taken ? (addressSpaceBytes - taken) / 2 : 0
  }
  var addressSpaceBytes: UInt64
  /// What is looked at of it while it runs.
  var inspection: ServerInspection

  struct Facts: Sendable {
    var runID: String
    var server: String
    var clockHeld: Bool
    /// Bytes that its data and buffers take.
    var usedMemory: UInt64
  }

  struct Plan: Sendable {
    var file: ArtifactFile
    /// Exists, belongs to this shard alone.
    var folder: String
    var server: RedisServerProgram
    /// Paths of modules that the server loads first.
    var modules: [String]
    var containment: Containment
    var frozenClock: String?
    var clock: Instant
    var memoryLimitBytes: UInt64?
    var loadTimeout: Duration
  }

  /// Copies the artifact, starts the server on it and waits until it holds the data and has answered a question about
  /// it.
  ///
  /// On any error, cancellation included, the server is gone when this throws.
  static func start(_ plan: Plan) async throws -> RedisShardServer {
    let clock = ContinuousClock()
    let shard = plan.file.shard
    var configuration = RedisServerConfiguration(
      folder: plan.folder, password: randomPassword(), version: plan.server.version, modules: plan.modules)
    try configuration.checkSocketPath()
    let staging = try StagedArtifact.Plan(plan.file)

    let began = clock.now
    let artifact = try StagedArtifact(staging, in: plan.folder, isBefore7: plan.server.isBefore7, shard: shard)
    configuration.form = artifact.form
    let size = artifact.sizeBytes
    let copied = clock.now

    var environment: [String: String] = [:]
    if let library = plan.frozenClock {
      environment["LD_PRELOAD"] = library
      environment["FIREDRILL_CLOCK_MS"] = String(plan.clock.millisecondsSince1970)
    }
    let limit =
      plan.memoryLimitBytes.map { $0 + RedisMemoryEstimate.overheadBytes / 2 }
      ?? RedisMemoryEstimate.addressSpaceBytes(forFile: artifact.snapshotPath, sizeBytes: size)
    let process = try await ChildProcess.start(
      plan.containment.launch(
        plan.server.path, ["-"], folder: plan.folder, visible: (plan.frozenClock.map { [$0] } ?? []) + plan.modules,
        environment: environment,
        input: Array(configuration.text.utf8), addressSpaceBytes: limit))
    func ended(_ ending: ChildProcess.Ending) async throws -> any Error {
      try await RedisShardServer.error(after: ending, process, plan, artifact, addressSpaceBytes: limit)
    }
    do {
      let endpoint = Endpoint.unix(path: configuration.socketPath)
      let credentials = RedisCredentials(password: configuration.password)
      let connection = try await connect(
        endpoint, credentials, process, deadline: copied + plan.loadTimeout, shard: shard, ended: ended)
      let loaded = clock.now
      do {
        guard let listener = try await connection.listener(),
          ServerInspection.isProcess(listener, below: process.processID)
        else {
          throw DrillError(
            .serverFailed, detail: "what answers at the sandbox's socket is not the server that was started there")
        }
        let info = try await identify(connection, plan, artifact)
        try await awaitIndexes(connection, process, deadline: copied + plan.loadTimeout, shard: shard)
        let ready = clock.now
        try await askFirstQuestion(connection)
        let answered = clock.now
        await connection.close()
        return RedisShardServer(
          shard: shard, process: process, endpoint: endpoint, credentials: credentials, info: info,
          phases: [
            PhaseTiming(.copy, shard: shard, elapsed: copied - began),
            PhaseTiming(.load, shard: shard, elapsed: loaded - copied),
            PhaseTiming(.ready, shard: shard, elapsed: ready - loaded),
            PhaseTiming(.firstAnswer, shard: shard, elapsed: answered - ready),
          ], addressSpaceBytes: limit,
          inspection: ServerInspection(
            launched: process.processID, addressSpaceBytes: limit,
            forbidsProcesses: plan.containment.forbidsProcesses, folder: plan.folder, files: artifact.files.map(\.path),
            socket: configuration.socketPath))
      } catch {
        await connection.close()
        throw error
      }
    } catch {
      await process.end()
      try Task.checkCancellation()
      throw RedisShardServer.aboutShard(error, shard)
    }
  }

  /// What a server's end while it was to load stands for.
  ///
  /// Where the server itself cannot tell, its own checker does, which holds one record at a time: a file that it finds
  /// whole was too much for the memory.
  private static func error(
    after ending: ChildProcess.Ending, _ process: ChildProcess, _ plan: Plan, _ artifact: StagedArtifact,
    addressSpaceBytes: UInt64
  ) async throws -> any Error {
    let shard = plan.file.shard
    let log = RedisServerLog(lines: process.lines, artifactBytes: artifact.sizeBytes)
    let error = log.error(shard: shard, ending: ending)
    guard log.mayBeMemory, error is RestoreRejected, artifact.form == .snapshot else { return error }
    func memory(_ why: String) -> DrillError {
      DrillError(
        .memoryBudget, stage: .restore, subject: shard,
        detail:
          "the server stopped loading, by its own words for a file that ends too early or for want of memory; \(why)")
    }
    // redis-server → redis-check-rdb, valkey-server → valkey-check-rdb.
    let server = plan.server.path
    guard server.hasSuffix("-server"), let checker = SandboxTools.executable(server.dropLast(6) + "check-rdb")
    else {
      return memory("its checker, which could tell, is not installed beside it")
    }
    return try await ChildProcess.with(
      plan.containment.launch(
        checker, [artifact.snapshotPath], folder: plan.folder,
        addressSpaceBytes: addressSpaceBytes)
    ) { check in
      while check.ending == nil { try await Task.sleep(for: .milliseconds(5)) }
      // The exit status of the checker is that of its finding.
      return check.ending == .exited(0)
        ? memory("its checker finds the file whole: give it more memory, or restore fewer shards at a time") : error
    }
  }

  /// An error as one about the shard: a socket's path is nobody's business.
  private static func aboutShard(_ error: any Error, _ shard: String) -> any Error {
    guard var error = error as? DrillError else { return error }
    error.subject = shard
    error.stage = error.stage ?? .restore
    return error
  }

  private static func randomPassword() -> Secret {
    Secret((0..<4).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }.joined())
  }

  /// Waits until the server says that it is not loading (any more).
  private static func connect(
    _ endpoint: Endpoint, _ credentials: RedisCredentials, _ process: ChildProcess, deadline: ContinuousClock.Instant,
    shard: String,
    ended: (ChildProcess.Ending) async throws -> any Error
  ) async throws -> RedisConnection {
    var connection: RedisConnection?
    var pause = Duration.milliseconds(1)
    func timedOut() -> DrillError {
      DrillError(
        .timedOut, stage: .restore, subject: shard,
        detail: "the server had not loaded the data when the time for it was over")
    }
    while true {
      if let ending = process.ending {
        await connection?.close()
        throw try await ended(ending)
      }
      let left = deadline - .now
      guard left > .zero else {
        await connection?.close()
        throw timedOut()
      }
      do {
        if connection == nil {
          connection = try await RedisConnection.connect(endpoint, credentials, timeout: min(left, .seconds(5)))
        }
        if let connection {
          let reply = try await connection.ask("INFO", "persistence", timeout: min(left, .seconds(5)))
          if RedisInfo(reply.text ?? "")["loading"] == "0" { return connection }
        }
      } catch let error as DrillError where error.code == .unreachable || error.code == .timedOut {
        // Not listening yet, too busy with loading, or gone: the next round sees which.
        await connection?.close()
        connection = nil
      } catch {
        await connection?.close()
        throw error
      }
      do {
        try await Task.sleep(for: pause)
      } catch {
        await connection?.close()
        throw error
      }
      pause = min(pause * 2, .milliseconds(10))
    }
  }

  /// Asks the server what it is and what it holds.
  private static func identify(
    _ connection: RedisConnection, _ plan: Plan, _ artifact: StagedArtifact
  ) async throws -> Facts {
    if artifact.form != .snapshot { try await removeExpired(connection) }
    let info = RedisInfo(try await connection.ask("INFO").text ?? "")
    func failure(_ detail: String) -> DrillError {
      DrillError(.serverFailed, stage: .restore, subject: plan.file.shard, detail: detail)
    }
    guard let runID = info["run_id"], info["tcp_port"] == "0" else {
      throw failure("the server says neither who it is nor that it has no port")
    }
    guard info["role"] == "master", info["cluster_enabled"] != "1" else {
      throw failure("the server is not the lone one that was started")
    }

    for file in artifact.files {
      var information = stat()
      let isThere = stat(file.path, &information) == 0
      let size = UInt64(clamping: information.st_size)
      guard isThere, artifact.form == .snapshot ? size == file.sizeBytes : size >= file.sizeBytes else {
        throw failure("the sandbox's copy of the artifact changed while it was loaded")
      }
    }
    let held = info.databases.reduce(0) { $0 + $1.keys }
    let clockHeld = try await isClockHeld(connection, at: plan.clock)
    // Where the clock runs, keys may expire between the two counts.
    if clockHeld, artifact.form == .snapshot, let loaded = info["rdb_last_load_keys_loaded"].flatMap({ UInt64($0) }),
      loaded != held
    {
      throw failure("the server says that it loaded \(loaded) keys and holds \(held)")
    }
    return Facts(
      runID: runID, server: info.server, clockHeld: clockHeld,
      usedMemory: info["used_memory"].flatMap { UInt64($0) } ?? 0)
  }

  /// Waits until the search module, where there is one, has put all records into its indexes, which it does once they are
  /// loaded: before, a search finds some of them.
  ///
  /// Source: Redis documentation, "FT._LIST", and "FT.INFO": `indexing`.
  private static func awaitIndexes(
    _ connection: RedisConnection, _ process: ChildProcess, deadline: ContinuousClock.Instant, shard: String
  ) async throws {
    guard let names = try await connection.send([.word("FT._LIST")]).array else { return }
    for name in names.compactMap(\.bytes) {
      while true {
        let index = RedisShardReader.pairs(try await connection.send([.word("FT.INFO"), name]))
        guard let state = index["indexing"], (state.integer ?? Int64(state.text ?? "")) != 0 else { break }
        guard .now < deadline, process.ending == nil else {
          throw DrillError(
            .timedOut, stage: .restore, subject: shard,
            detail: "the server had not put the data into its search indexes when the time for it was over")
        }
        try await Task.sleep(for: .milliseconds(10))
      }
    }
  }

  /// A server that loads a log keeps what has expired, and removes it when it comes across it: here, by naming all keys.
  ///
  /// Source: redis 7.0 src/db.c `scanGenericCommand`, `expireIfNeeded`.
  private static func removeExpired(_ connection: RedisConnection) async throws {
    for database in RedisInfo(try await connection.ask("INFO", "keyspace").text ?? "").databases
    where database.expires > 0 {
      try await connection.ask("SELECT", "\(database.number)")
      var cursor = "0"
      repeat {
        let reply = try await connection.ask("SCAN", cursor, "COUNT", "10000")
        guard let next = reply.array?.first?.text else {
          throw DrillError(.serverFailed, detail: "the server does not say where its list of keys goes on")
        }
        cursor = next
      } while cursor != "0"
    }
    try await connection.ask("SELECT", "0")
  }

  private static func isClockHeld(_ connection: RedisConnection, at clock: Instant) async throws -> Bool {
    for _ in 0..<2 {
      let time = ServerClock.microseconds(try await connection.ask("TIME"))
      guard time.map({ $0 / 1000 }) == clock.millisecondsSince1970 else { return false }
    }
    return true
  }

  /// One record found and looked at; an empty server's answer is its count.
  private static func askFirstQuestion(_ connection: RedisConnection) async throws {
    let databases = RedisInfo(try await connection.ask("INFO", "keyspace").text ?? "").databases
    guard let first = databases.first else { return }
    try await connection.ask("SELECT", "\(first.number)")
    guard let key = try await connection.ask("RANDOMKEY").bytes else {
      throw DrillError(.serverFailed, detail: "the server counts \(first.keys) keys and names none")
    }
    let type = try await connection.send([Array("TYPE".utf8), key])
    guard let type = type.text, type != "none" else {
      throw DrillError(.serverFailed, detail: "the server names a key that it does not hold")
    }
  }
}
