internal import DrillModel

/// A capture through `SCAN` and `DUMP`, for servers that let nobody replicate.
///
/// What comes of it stands at no cut: each record is what its server held at some moment of the time over which the
/// shard was read. A key that came or went meanwhile may be there or not.
struct CommandCapture: Sendable {
  let map: RedisClusterMap
  let plan: CapturePlan
  let credentials: RedisCredentials
  let readRate: Int?

  /// Keys whose values are held at the same time, while they are on their way to the file.
  private static let keysAtOnce = 32
  private static let scanCount = 1000
  /// Times that a key is read again whose expiry changes while it is read.
  private static let attempts = 5

  /// Where one shard is read from.
  private struct Source: Sendable {
    var shard: RedisClusterMap.Shard
    var node: RedisNode
    var isReplica: Bool
    var info: RedisInfo
  }

  /// What one shard's reading was.
  private struct Reading: Sendable {
    var file: ArtifactFile
    var start: Int64
    var end: Int64
    var keys = 0
    var gone = 0
    var inexactMs: Int64 = 0
    var notes: [String] = []

    init(_ file: ArtifactFile, at start: Int64) {
      self.file = file
      self.start = start
      end = start
    }
  }

  func estimate() async throws -> CaptureEstimate {
    var refusals: [String] = []
    if plan.coherence == .coherent {
      refusals.append("what is read by commands stands at no cut: leave out `cut: coherent`, or `via: commands`")
    }
    if plan.follows {
      refusals.append("changes are followed over a replication link, and `via: commands` does without: leave out one")
    }
    var lines: [String] = []
    for source in try await sources() {
      let keys = source.info.databases.reduce(UInt64(0)) { $0 + $1.keys }
      let rate = readRate.map { ", about \(Int(Double(keys * 3) / Double($0)) + 1) s at \($0) reads a second" } ?? ""
      lines.append(
        "\(source.shard.name.prefix(12)): \(keys) keys read by commands from \(source.isReplica ? "replica" : "master") "
          + "\(source.node.endpoint)\(rate)")
      if source.info.flag("loading") { refusals.append("\(source.node.endpoint): it is still loading") }
    }
    lines.append("nothing is paused and nothing forks; no shard will stand at a cut")
    if let tls = credentials.tls { lines += tls.notes(at: .now) }
    return CaptureEstimate(
      pauseMs: 0, forkMs: 0, memoryNeededBytes: 0, memoryFreeBytes: nil, lines: lines, refusals: refusals)
  }

  /// Writes `<shard>.rdb` for each shard into `folder`, one shard after the other.
  ///
  /// - Throws: `DrillError`: `store-moved` where slots move or a key's expiry never rests, `permission-denied`,
  ///   `unreachable`, `timed-out`, `io`. Files that were finished before stay for the caller to remove.
  func run(into folder: String, events: @escaping DrillEventHandler) async throws -> CapturedBackup {
    var readings: [Reading] = []
    var versions: Set<String> = []
    for source in try await sources() {
      versions.insert(source.info["redis_version"] ?? "unknown")
      readings.append(try await read(source, into: folder))
      events(.progress(.catalog, done: readings.reduce(0) { $0 + UInt64($1.keys) }, total: nil, unit: .records))
    }
    for reading in readings { for note in reading.notes { events(.note("\(reading.file.shard): \(note)")) } }
    let start = readings.map(\.start).min() ?? 0
    return CapturedBackup(
      files: readings.map(\.file),
      cut: Cut(
        time: Instant(millisecondsSince1970: start), coherence: .window,
        positions: Dictionary(uniqueKeysWithValues: readings.map { ($0.file.shard, "window:\($0.start)-\($0.end)") }),
        proof: readings.map(CommandCapture.sentence)),
      topology: map.topology, engineVersion: versions.sorted().joined(separator: ", "), pause: .zero)
  }

  private static func sentence(_ reading: Reading) -> String {
    func time(_ milliseconds: Int64) -> String { Instant(millisecondsSince1970: milliseconds).description }
    let inexact = reading.inexactMs > 0 ? "; expiries are off by up to \(reading.inexactMs) ms" : ""
    return "\(reading.file.shard): read by commands from \(time(reading.start)) to \(time(reading.end)): no one cut; "
      + "\(reading.keys) keys, \(reading.gone) went while they were read\(inexact)"
  }

  private func sources() async throws -> [Source] {
    var sources: [Source] = []
    for shard in map.shards {
      func info(_ node: RedisNode) async throws -> RedisInfo {
        try await RedisConnection.with(node.endpoint, credentials) { RedisInfo(try await $0.ask("INFO").text ?? "") }
      }
      let master = try await info(shard.master)
      guard master["role"] == "master" else {
        throw DrillError(
          .storeMoved, subject: shard.master.endpoint.description,
          detail: "it was the master of \(shard.name) and is not any more; run again when the fail-over is over")
      }
      var source = Source(shard: shard, node: shard.master, isReplica: false, info: master)
      if plan.prefersReplicas {
        for replica in shard.replicas where replica.isHealthy {
          guard let found = try? await info(replica), CaptureSurvey.objection(to: found, master: master) == nil else {
            continue
          }
          source = Source(shard: shard, node: replica, isReplica: true, info: found)
          break
        }
      }
      sources.append(source)
    }
    return sources
  }

  private func read(_ source: Source, into folder: String) async throws -> Reading {
    let name = source.shard.name
    let connection = try await RedisStore.connect(
      RedisStore.Shard(
        name: name, slots: source.shard.slots, endpoint: source.node.endpoint, credentials: credentials,
        isReplica: source.isReplica))
    let file: SnapshotFile
    do {
      file = try SnapshotFile(path: "\(folder)/\(name).rdb")
    } catch {
      await connection.close()
      throw error
    }
    do {
      let asked = RedisReadSource(
        connection: connection, shard: name, pacer: ReadPacer(readsPerSecond: readRate),
        isReceiving: !source.isReplica && map.moves.contains { $0.target == name })
      let reading = try await ShardReading(source: asked, info: source.info).run(
        file, ArtifactFile(shard: name, format: "rdb", path: file.path))
      await connection.close()
      return reading
    } catch {
      file.discard()
      await connection.close()
      throw error
    }
  }

  /// Reads all databases of one server into a file.
  private struct ShardReading {
    let source: RedisReadSource
    let info: RedisInfo

    /// Servers before 7.0 tell only how long a key has left.
    private var tellsTime: Bool {
      (info["redis_version"]?.split(separator: ".").first).flatMap { Int($0) }.map { $0 >= 7 } ?? false
    }

    func run(_ file: SnapshotFile, _ artifact: ArtifactFile) async throws -> Reading {
      var reading = Reading(artifact, at: try await time())
      let parts = info.server.split(separator: " ")
      var snapshot = DumpedSnapshot(
        file,
        writer: (parts.first == "valkey" ? "valkey-ver" : "redis-ver", parts.last.map(String.init) ?? "unknown"))
      try await readLibraries(&snapshot, &reading)
      for database in RedisInfo(try await source.ask("INFO", "keyspace").text ?? "").databases {
        _ = try await source.ask("SELECT", "\(database.number)")
        try await read(database, &snapshot, &reading)
      }
      try await snapshot.finish()
      reading.end = try await time()
      return reading
    }

    private func time() async throws -> Int64 {
      guard let microseconds = ServerClock.microseconds(try await source.ask("TIME")) else { throw source.unreadable }
      return microseconds / 1000
    }

    /// Source: Redis documentation, "FUNCTION DUMP": since 7.0.
    private func readLibraries(_ snapshot: inout DumpedSnapshot, _ reading: inout Reading) async throws {
      guard tellsTime else { return }
      let reply: RESPValue
      do {
        reply = try await source.ask("FUNCTION", "DUMP")
      } catch let error as DrillError where error.code == .permissionDenied {
        // A copy without them would restore, be equal to another without them, and answer no FCALL.
        throw DrillError(
          .permissionDenied, subject: source.shard,
          detail: "function libraries would be missing from it; allow the user +function|dump: \(error.detail)")
      } catch let error as DrillError where error.code == .serverFailed {
        reading.notes.append("function libraries are not in it: \(error.detail)")
        return
      }
      guard let bytes = reply.bytes, let payload = DumpPayload(bytes) else { throw damaged("FUNCTION DUMP") }
      if !payload.body.isEmpty { try await snapshot.append(libraries: payload) }
    }

    private func damaged(_ command: String) -> DrillError {
      DrillError(
        .protocolViolation, subject: source.shard, detail: "\(command): what arrived is not what its checksum says")
    }

    private func read(
      _ database: RedisInfo.Database, _ snapshot: inout DumpedSnapshot, _ reading: inout Reading
    ) async throws {
      let passes = SeenSet.passes(for: database.keys)
      var isSelected = false
      for pass in 0..<passes {
        var seen = SeenSet()
        var cursor: [UInt8] = .word("0")
        repeat {
          let page = try await source.ask([
            redisCommand(.word("SCAN"), cursor, .word("COUNT"), .word(CommandCapture.scanCount))
          ])[0]
          guard let parts = page.array, parts.count == 2, let next = parts[0].bytes, let names = parts[1].array else {
            throw source.unreadable
          }
          cursor = next
          let keys = names.compactMap(\.bytes).filter { key in
            let hash = SeenSet.Hash(key)
            return hash.pass(of: passes) == pass && seen.insert(hash)
          }
          for start in stride(from: 0, to: keys.count, by: CommandCapture.keysAtOnce) {
            try await read(
              Array(keys[start..<min(start + CommandCapture.keysAtOnce, keys.count)]), of: database.number, &isSelected,
              &snapshot, &reading)
          }
        } while cursor != .word("0")
      }
    }

    /// Reads keys' expiries, values and expiries again: where a key's two expiries differ, its value may belong to
    /// neither, and it is read once more.
    private func read(
      _ keys: [[UInt8]], of database: Int, _ isSelected: inout Bool, _ snapshot: inout DumpedSnapshot,
      _ reading: inout Reading
    ) async throws {
      let expiry: [UInt8] = .word(tellsTime ? "PEXPIRETIME" : "PTTL")
      var left = keys
      var attempt = 0
      while !left.isEmpty {
        guard attempt < CommandCapture.attempts else {
          throw source.moved("a key's expiry changes faster than it can be read")
        }
        attempt += 1
        let before = tellsTime ? 0 : try await time()
        let replies = try await source.ask(
          left.flatMap { [[expiry, $0], [.word("DUMP"), $0], [expiry, $0]] })
        let spread = tellsTime ? 0 : max(1, try await time() - before)
        var again: [[UInt8]] = []
        for (index, key) in left.enumerated() {
          guard case .integer(let first) = replies[index * 3], case .integer(let second) = replies[index * 3 + 2] else {
            throw source.unreadable
          }
          let value = replies[index * 3 + 1]
          // −2: no such key. Source: Redis documentation, "PEXPIRETIME" and "PTTL".
          if first == -2 || second == -2 || value == .null {
            reading.gone += 1
            continue
          }
          let isSteady = (first == -1) == (second == -1) && abs(first - second) <= spread
          guard isSteady else {
            again.append(key)
            continue
          }
          guard let bytes = value.bytes, let payload = DumpPayload(bytes) else { throw damaged("DUMP") }
          if !isSelected {
            try snapshot.select(database, version: payload.version)
            isSelected = true
          }
          try await snapshot.append(key: key, payload, expiry: first == -1 ? nil : before + first)
          reading.keys += 1
          if first != -1 { reading.inexactMs = max(reading.inexactMs, spread) }
        }
        left = again
      }
    }
  }
}
