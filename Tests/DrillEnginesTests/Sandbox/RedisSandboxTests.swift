import DrillModel
import Foundation
import Testing

@testable import DrillEngines
@testable import DrillProduction

@Suite("A Redis sandbox")
struct RedisSandboxTests {
  @Test("holds what the artifact holds: two independent readers agree on every type, size and database")
  func readersAgree() async throws {
    try await RedisFixture.withFolder { folder in
      let path = try await RedisFixture.artifact(in: folder, RedisFixture.fillWithEverything)
      let stored = try await RedisFixture.digests(ofArtifact: path)
      try await RedisEngine().withSandbox(RedisFixture.request(path, in: folder)) { sandbox in
        let restored = try await RedisFixture.digests {
          try await sandbox.readRecords(shard: "a", selection: .all, into: $0)
        }
        #expect(restored.records == stored)
        #expect(stored.count == 26)
        #expect(restored.facts.records == UInt64(stored.count))
        #expect(restored.facts.opaqueRecords == 0)
      }
    }
  }

  @Test("hands on only the slots that are asked for, and counts all")
  func selection() async throws {
    try await RedisFixture.withFolder { folder in
      let path = try await RedisFixture.artifact(in: folder, RedisFixture.fillWithEverything)
      try await RedisEngine().withSandbox(RedisFixture.request(path, in: folder)) { sandbox in
        let all = try await RedisFixture.digests {
          try await sandbox.readRecords(shard: "a", selection: .all, into: $0)
        }
        let slot = RedisSlot.slot(of: Array("h".utf8))
        let some = try await RedisFixture.digests {
          try await sandbox.readRecords(shard: "a", selection: .slots(SlotSet([slot])), into: $0)
        }
        #expect(some.records == all.records.filter { $0.contains(" \(slot) hash") })
        #expect(some.records.count == 1)
        #expect(some.facts.records == all.facts.records)
      }
    }
  }

  @Test("still holds records whose every time to live has passed since the cut")
  func expiredSinceTheCut() async throws {
    try await RedisFixture.withFolder { folder in
      let clock = Instant.now
      let path = try await RedisFixture.artifact(in: folder) { connection in
        // Ten minutes from now for the server that writes; the sandbox's clock is what is moved.
        for number in 0..<50 {
          try await connection.ask("SET", "k\(number)", "v", "PXAT", "\(clock.millisecondsSince1970 + 600_000)")
        }
      }
      // Two clocks, one before the expiry and one after: what a held clock shows does not depend on the time of day.
      let before = Instant(millisecondsSince1970: clock.millisecondsSince1970 + 599_999)
      let after = Instant(millisecondsSince1970: clock.millisecondsSince1970 + 600_001)
      for (instant, count) in [(before, 50), (after, 0)] {
        try await RedisEngine().withSandbox(RedisFixture.request(path, in: folder, clock: instant)) { sandbox in
          #expect(sandbox.facts.clockHeld)
          let records = try await RedisFixture.digests {
            try await sandbox.readRecords(shard: "a", selection: .all, into: $0)
          }.records
          #expect(records.count == count)
        }
      }
      let artifact = try await RedisFixture.digests(ofArtifact: path)
      #expect(artifact.count == 50)
    }
  }

  @Test("holds its clock against real time that passes, and says so where it cannot")
  func clockAgainstRealTime() async throws {
    try await RedisFixture.withFolder { folder in
      let expiry = Instant.now.millisecondsSince1970 + 700
      let path = try await RedisFixture.artifact(in: folder) { connection in
        try await connection.ask("SET", "short", "v", "PXAT", "\(expiry)")
        try await connection.ask("SET", "stays", "v")
      }
      let isPast = await RedisFixture.eventually { Instant.now.millisecondsSince1970 > expiry }
      #expect(isPast)
      let cut = Instant(millisecondsSince1970: expiry - 1)
      let stored = try await RedisFixture.digests(ofArtifact: path).count
      try await RedisEngine().withSandbox(RedisFixture.request(path, in: folder, clock: cut)) { sandbox in
        #expect(sandbox.facts.clockHeld)
        let records = try await RedisFixture.digests {
          try await sandbox.readRecords(shard: "a", selection: .all, into: $0)
        }.records
        #expect(records.count == stored)
      }
      var tools = SandboxTools.found()
      tools.frozenClock = nil
      try await RedisEngine(tools: tools).withSandbox(RedisFixture.request(path, in: folder, clock: cut)) { sandbox in
        #expect(!sandbox.facts.clockHeld)
        #expect(sandbox.facts.isolationDetail.contains("libCFrozenClock.so"))
        let records = try await RedisFixture.digests {
          try await sandbox.readRecords(shard: "a", selection: .all, into: $0)
        }.records
        #expect(records.count == 1)
      }
    }
  }

  @Test("times its phases for each shard and for the slowest")
  func phases() async throws {
    try await RedisFixture.withFolder { folder in
      let path = try await RedisFixture.artifact(in: folder) { try await $0.ask("SET", "k", "v") }
      var request = RedisFixture.request(path, in: folder)
      request.files = ["a", "b"].map { ArtifactFile(shard: $0, format: "rdb", path: path) }
      request.topology = Topology(
        epoch: 1, shards: [.init(name: "b", slots: .all), .init(name: "a", slots: SlotSet())])
      try await RedisEngine().withSandbox(request) { sandbox in
        let phases: [Phase] = [.copy, .load, .ready, .firstAnswer]
        #expect(sandbox.shards == ["b", "a"])
        for shard in [nil, "a", "b"] {
          #expect(sandbox.facts.phases.filter { $0.shard == shard }.map(\.phase) == phases)
        }
        #expect(sandbox.facts.phases.allSatisfy { $0.elapsedMs >= 0 })
        #expect(sandbox.facts.server.hasPrefix("redis "))
      }
    }
  }

  // MARK: damage

  private func damaged(_ path: String, _ change: (inout Data) -> Void) throws -> String {
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    change(&data)
    let target = path + "-damaged"
    try data.write(to: URL(fileURLWithPath: target))
    return target
  }

  @Test("loads a flipped bit in silence where the trailer says unchecked, and shows the wrong value")
  func flippedBitUnchecked() async throws {
    try await RedisFixture.withFolder { folder in
      let path = try await RedisFixture.artifact(in: folder) { connection in
        for number in 0..<20 { try await connection.ask("SET", "key\(number)", "needle-\(number)") }
      }
      let wrong = try damaged(path) { data in
        data.replaceSubrange(data.count - 8..<data.count, with: Data(count: 8))
        if let place = data.range(of: Data("needle-7".utf8)) { data[place.lowerBound] ^= 1 }
      }
      let right = try await RedisFixture.digests(ofArtifact: path)
      try await RedisEngine().withSandbox(RedisFixture.request(wrong, in: folder)) { sandbox in
        let restored = try await RedisFixture.digests {
          try await sandbox.readRecords(shard: "a", selection: .all, into: $0)
        }.records
        #expect(restored.count == right.count)
        #expect(Set(restored).subtracting(right).count == 1)
      }
    }
  }

  @Test("is refused by the server for a flipped bit under a checksum, and for a file that ends too early")
  func rejected() async throws {
    try await RedisFixture.withFolder { folder in
      let path = try await RedisFixture.artifact(in: folder) { connection in
        for number in 0..<20 { try await connection.ask("SET", "key\(number)", "needle-\(number)") }
      }
      let size = try Data(contentsOf: URL(fileURLWithPath: path)).count
      let flipped = try damaged(path) { data in
        if let place = data.range(of: Data("needle-7".utf8)) { data[place.lowerBound] ^= 1 }
      }
      let rejection = await #expect(throws: RestoreRejected.self) {
        try await RedisEngine().withSandbox(RedisFixture.request(flipped, in: folder)) { _ in }
      }
      #expect(rejection?.shard == "a")
      #expect(rejection?.isVersion == false)
      #expect(
        rejection?.serverLines.contains { $0.contains("Wrong RDB checksum") } == true, "\(rejection?.serverLines ?? [])"
      )
      #expect(rejection?.serverLines.allSatisfy { !$0.contains(folder) } == true)
      for length in [0, 5, 9, 40, size / 2, size - 9, size - 1] {
        let short = try damaged(path) { $0 = $0.prefix(length) }
        let rejection = await #expect(throws: RestoreRejected.self, "cut to \(length) of \(size) bytes") {
          try await RedisEngine().withSandbox(RedisFixture.request(short, in: folder)) { _ in }
        }
        // A server that finds damage names the key; we do not.
        #expect(rejection?.serverLines.allSatisfy { !$0.contains("key1") } == true)
      }
    }
  }

  @Test("says that it is the version where the format is newer than the server")
  func versionRejected() async throws {
    try await RedisFixture.withFolder { folder in
      let path = try await RedisFixture.artifact(in: folder) { try await $0.ask("SET", "k", "v") }
      let newer = try damaged(path) { $0.replaceSubrange(5..<9, with: Data("0099".utf8)) }
      let rejection = await #expect(throws: RestoreRejected.self) {
        try await RedisEngine().withSandbox(RedisFixture.request(newer, in: folder)) { _ in }
      }
      #expect(rejection?.isVersion == true)
    }
  }

  @Test(
    "is told, where no server loads the file, which ones would",
    arguments: [
      ("REDIS0006", "Redis 2.6 or newer, or Valkey, would"), ("REDIS0010", "Redis 7.0 or newer, or Valkey, would"),
      ("REDIS0011", "Redis 7.2 or newer, or Valkey, would"), ("REDIS0012", "Redis 7.4 or newer would"),
      ("VALKEY080", "Valkey 9.0 or newer would"),
      ("REDIS0014", "it is newer than every server that this version of firedrill knows"),
      ("VALKEY081", "it is newer than every server that this version of firedrill knows"),
    ])
  func loaders(magic: String, sentence: String) throws {
    let format = try #require(RDBVersion(magic: Array(magic.utf8)))
    #expect(RedisServerProgram.Version.loading(format) == sentence)
  }

  @Test("gives each shard the first of the named servers that loads its file, and wants all of them to be there")
  func severalServers() async throws {
    let found = await TestServers.found()
    let installed = try #require(SandboxTools.executable("redis-server"))
    try await RedisFixture.withFolder { folder in
      func file(_ magic: String, _ shard: String) throws -> ArtifactFile {
        let path = "\(folder)/\(shard).rdb"
        try Data(magic.utf8).write(to: URL(fileURLWithPath: path))
        return ArtifactFile(shard: shard, format: "rdb", path: path)
      }
      let old = try file("REDIS0009", "old")
      let new = try file("VALKEY080", "new")
      #expect(try await RedisServerProgram.choose(named: [installed], for: [old])["old"]?.path == installed)
      let rejection = await #expect(throws: RestoreRejected.self) {
        try await RedisServerProgram.choose(named: [installed], for: [old, new])
      }
      #expect(rejection?.shard == "new" && rejection?.isVersion == true)
      #expect(rejection?.serverLines.first?.contains("format VALKEY 80 is not loaded by redis 7.") == true)
      let missing = await #expect(throws: DrillError.self) {
        try await RedisServerProgram.choose(named: [installed, "/nowhere/valkey-server"], for: [old])
      }
      #expect(missing?.code == .serverMissing && missing?.subject == "/nowhere/valkey-server")
      guard let valkey = found.first(where: { $0.version.newest(of: .valkey) != nil }) else { return }
      let chosen = try await RedisServerProgram.choose(named: [installed, valkey.program.path], for: [old, new])
      #expect(chosen.mapValues(\.path) == ["old": installed, "new": valkey.program.path])
    }
  }

  @Test("calls it a lack of memory, and not wrong data, where the data is larger than what it may use")
  func outOfMemory() async throws {
    try await RedisFixture.withFolder { folder in
      let path = try await RedisFixture.artifact(in: folder) { connection in
        let value = [UInt8](repeating: 0x61, count: 8 << 20)
        for number in 0..<48 { _ = try await connection.send([.word("SET"), .word("k\(number)"), value]) }
      }
      var request = RedisFixture.request(path, in: folder)
      request.memoryLimitBytes = 1 << 20
      let error = await #expect(throws: DrillError.self) { try await RedisEngine().withSandbox(request) { _ in } }
      #expect(error?.code == .memoryBudget)
      #expect(error?.subject == "a")
      request.memoryLimitBytes = nil
      try await RedisEngine().withSandbox(request) { _ in }
    }
  }

  // MARK: what is missing

  @Test("is not tried without a server, and says what to install")
  func serverMissing() async throws {
    try await RedisFixture.withFolder { folder in
      for (server, code) in [("/nowhere/redis-server", DrillError.Code.serverMissing), ("/bin/true", .serverFailed)] {
        let path = "\(folder)/any.rdb"
        try Data("REDIS0010".utf8).write(to: URL(fileURLWithPath: path))
        var request = RedisFixture.request(path, in: folder)
        request.servers = [server]
        let error = await #expect(throws: DrillError.self) { try await RedisEngine().withSandbox(request) { _ in } }
        #expect(error?.code == code)
        #expect(error?.stage == .restore)
      }
    }
  }

  @Test("is not tried where the artifact cannot be read or a socket's path would be too long")
  func cannotLook() async throws {
    try await RedisFixture.withFolder { folder in
      let missing = await #expect(throws: DrillError.self) {
        try await RedisEngine().withSandbox(RedisFixture.request("\(folder)/none.rdb", in: folder)) { _ in }
      }
      #expect(missing?.code == .artifactUnreadable)
      let deep = folder + "/" + String(repeating: "d", count: 100)
      try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
      let long = await #expect(throws: DrillError.self) {
        try await RedisEngine().withSandbox(RedisFixture.request("\(folder)/none.rdb", in: deep)) { _ in }
      }
      #expect(long?.code == .io)
      #expect(long?.detail.contains("107") == true)
    }
  }

  @Test("is refused where less isolation is to be had than is asked for")
  func isolationRefused() async throws {
    try await RedisFixture.withFolder { folder in
      var tools = SandboxTools.found()
      tools.bwrap = nil
      var request = RedisFixture.request("\(folder)/none.rdb", in: folder)
      request.isolation = .namespaces
      let error = await #expect(throws: DrillError.self) {
        try await RedisEngine(tools: tools).withSandbox(request) { _ in }
      }
      #expect(error?.code == .isolationUnavailable)
    }
  }

  @Test("works as a plain process too, and says so")
  func plainProcess() async throws {
    try await RedisFixture.withFolder { folder in
      let path = try await RedisFixture.artifact(in: folder) { try await $0.ask("SET", "k", "v") }
      var tools = SandboxTools.found()
      tools.bwrap = nil
      try await RedisEngine(tools: tools).withSandbox(RedisFixture.request(path, in: folder)) { sandbox in
        #expect(sandbox.facts.isolation == .process)
        #expect(sandbox.facts.clockHeld)
        let found1 = try await sandbox.readRecords(shard: "a", selection: .all) { _ in }.records
        #expect(found1 == 1)
      }
    }
  }

  // MARK: what is left

  @Test(
    "leaves no process and no file, whether its use succeeds, fails or is cancelled",
    arguments: ["success", "failure", "cancellation"])
  func nothingLeft(_ how: String) async throws {
    struct Planned: Error {}
    try await RedisFixture.withFolder { folder in
      let path = try await RedisFixture.artifact(in: folder) { try await $0.ask("SET", "k", "v") }
      let work = folder + "/work"
      try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: false)
      let (started, continuation) = AsyncStream.makeStream(of: Int.self)
      let task = Task {
        try await RedisEngine().withSandbox(RedisFixture.request(path, in: work)) { _ in
          continuation.yield(RedisFixture.processes(in: work).count)
          if how == "failure" { throw Planned() }
          if how == "cancellation" { try await Task.sleep(for: .seconds(600)) }
        }
      }
      for await count in started {
        #expect(count > 0)
        break
      }
      if how == "cancellation" { task.cancel() }
      switch (how, await task.result) {
      case ("success", .success), ("failure", .failure(is Planned)), ("cancellation", .failure(is CancellationError)):
        break
      default: Issue.record("ended otherwise than planned")
      }
      #expect(RedisFixture.processes(in: work) == [])
      let found2 = try FileManager.default.contentsOfDirectory(atPath: work)
      #expect(found2 == [])
    }
  }

  @Test("leaves nothing where one shard of two is refused, and says which")
  func oneOfTwoRefused() async throws {
    try await RedisFixture.withFolder { folder in
      let path = try await RedisFixture.artifact(in: folder) { try await $0.ask("SET", "k", "v") }
      let short = try damaged(path) { $0 = $0.prefix(20) }
      let work = folder + "/work"
      try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: false)
      var request = RedisFixture.request(path, in: work)
      request.files = [("a", path), ("b", short)].map { ArtifactFile(shard: $0.0, format: "rdb", path: $0.1) }
      let rejection = await #expect(throws: RestoreRejected.self) {
        try await RedisEngine().withSandbox(request) { _ in }
      }
      #expect(rejection?.shard == "b")
      #expect(RedisFixture.processes(in: work) == [])
      let left = try FileManager.default.contentsOfDirectory(atPath: work)
      #expect(left == [])
    }
  }

  @Test("leaves nothing where it is cancelled while its server starts")
  func cancelledWhileStarting() async throws {
    try await RedisFixture.withFolder { folder in
      let path = try await RedisFixture.artifact(in: folder, RedisFixture.fillWithEverything)
      let work = folder + "/work"
      try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: false)
      for waitsForProcess in [true, false] {
        let task = Task {
          try await RedisEngine().withSandbox(RedisFixture.request(path, in: work)) { _ in
            try await Task.sleep(for: .seconds(600))
          }
        }
        if waitsForProcess {
          let isThere = await RedisFixture.eventually { !RedisFixture.processes(in: work).isEmpty }
          #expect(isThere)
        }
        task.cancel()
        let result = await task.result
        #expect(throws: CancellationError.self) { try result.get() }
        #expect(RedisFixture.processes(in: work) == [])
        let left = try FileManager.default.contentsOfDirectory(atPath: work)
        #expect(left == [])
      }
    }
  }

  @Test("ends with its parent on kill -9, in namespaces and without", arguments: [true, false])
  func endsWithParent(_ usesNamespaces: Bool) async throws {
    try await RedisFixture.withFolder { folder in
      var tools = SandboxTools.found()
      if !usesNamespaces { tools.bwrap = nil }
      let containment = await Containment.probe(tools)
      let configuration = RedisServerConfiguration(folder: folder, password: Secret("p"))
      let launch = containment.launch("/usr/bin/redis-server", ["-"], folder: folder, addressSpaceBytes: 1 << 30)
      // A shell stands for us: it starts the server, and is then killed.
      try configuration.text.write(toFile: "\(folder)/input", atomically: true, encoding: .utf8)
      try Data(launch.files.first ?? []).write(to: URL(fileURLWithPath: "\(folder)/attachment"))
      let words = ([launch.executable] + launch.arguments).map { "'\($0)'" }.joined(separator: " ")
      let shell = try await ChildProcess.start(
        .init(
          executable: "/bin/sh", arguments: ["-c", "cd '\(folder)'; \(words) < input 3< attachment & wait"],
          environment: launch.environment))
      let isUp = await RedisFixture.eventually { FileManager.default.fileExists(atPath: configuration.socketPath) }
      #expect(isUp, "the server never listened: \(shell.lines)")
      #expect(RedisFixture.processes(in: folder).count > 0)
      await shell.end()
      let isGone = await RedisFixture.eventually { RedisFixture.processes(in: folder).isEmpty }
      #expect(isGone)
    }
  }

  @Test("is refused when it is a live node, and a live cluster when it is a sandbox")
  func neverLive() throws {
    let error = #expect(throws: DrillError.self) {
      try LiveGuard.check(sandboxRunIDs: ["a", "b"], liveRunIDs: ["c", "b"])
    }
    #expect(error?.code == .sandboxIsLive)
    try LiveGuard.check(sandboxRunIDs: ["a"], liveRunIDs: ["b"])
  }

  @Test("engine refuses to treat its own sandbox as a live cluster")
  func sandboxAsLive() async throws {
    try await RedisFixture.withFolder { folder in
      let path = try await RedisFixture.artifact(in: folder) { try await $0.ask("SET", "k", "v") }
      let engine = RedisEngine()
      try await RedisSandbox.with(RedisFixture.request(path, in: folder), tools: .found()) { sandbox in
        #expect(sandbox.runIDs.count == 1)
      }
      try await SyntheticRedisCluster.with(.standalone, below: folder) { server in
        try await engine.withLive(server.description) { live in #expect(live.shards.count == 1) }
      }
    }
  }
}
