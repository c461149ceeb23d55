import DrillEngines
import DrillModel
import DrillProduction
import Foundation
import Testing

/// `firedrill diff` and `firedrill fingerprint`, on real servers and files.
@Suite struct DiffTests {
  private func url(_ production: SyntheticRedisCluster) -> String {
    guard case .tcp(let host, let port) = production.masters[0] else { return "" }
    return "redis://\(host):\(port)" + (production.description.isCluster ? "?cluster=true" : "")
  }

  private func diff(
    _ a: String, _ b: String, _ flags: [String] = [], in bench: TestBench
  ) async throws -> FiredrillProcess.Ending {
    try await FiredrillProcess.run(["diff", a, b, "--json"] + flags, in: bench)
  }

  @Test(
    "the same data on three masters and on five is equal, and one changed key is named",
    .timeLimit(.minutes(5)), arguments: ["replication", "commands"])
  func threeAndFiveMasters(via: String) async throws {
    try await TestBench.with { bench in
      let few = SyntheticRedisCluster.Shape(masters: 3, replicasPerMaster: 0, syncDelaySeconds: 0)
      let many = SyntheticRedisCluster.Shape(masters: 5, replicasPerMaster: 0, syncDelaySeconds: 0)
      try await SyntheticRedisCluster.with(few, below: bench.folder) { three in
        try await SyntheticRedisCluster.with(many, below: bench.folder) { five in
          try await three.send(SampleKeys.commands(0..<1400))
          try await five.send(SampleKeys.commands((0..<1400).reversed()))
          let equal = try await diff(url(three), url(five), ["--via", via], in: bench)
          #expect(equal.status == 0, "\(equal.output)\(equal.errors)")
          #expect(try equal.json()["recordsA"] as? Int == 1400)
          #expect(try equal.json()["rootA"] as? String == equal.json()["rootB"] as? String)

          // Another value, one key too few, one too many, and an expiry that moved by 40 ms.
          try await five.send([
            ["SET", "item:0", "another"], ["DEL", "item:7"], ["SET", "new", "1"],
            ["PEXPIREAT", "session:1", "\(4_102_444_800_001 + 40)"],
          ])
          let different = try await diff(url(three), url(five), ["--via", via, "--show-keys"], in: bench)
          #expect(different.status == 1, "\(different.output)\(different.errors)")
          let differences = try different.json()["differences"] as? [String: Int]
          #expect(differences == ["changed": 1, "removed": 1, "added": 1, "expiry-moved": 1])
          for key in ["item:0", "item:7", "new", "session:1"] { #expect(different.output.contains("\"\(key)\"")) }

          let bound = try await diff(url(three), url(five), ["--via", via, "--expiry-bound", "50ms"], in: bench)
          #expect(bound.status == 1)
          #expect(try bound.json()["expiriesWithinBound"] as? Int == 1)
          #expect(try bound.json()["largestShiftMs"] as? Int == 40)
          #expect(!bound.output.contains("item:"), "a key in clear that nobody asked for")

          try await five.send([
            ["SET", "item:0", "item number 0"], ["SET", "item:7", "item number 7"], ["DEL", "new"],
          ])
          let again = try await diff(url(three), url(five), ["--via", via, "--expiry-bound", "50ms"], in: bench)
          #expect(again.status == 0, "\(again.output)\(again.errors)")
        }
      }
    }
  }

  @Test(
    "a slot that was moved by MIGRATE, expiries and all, is equal within the bound that is stated",
    .timeLimit(.minutes(5)))
  func movedSlot() async throws {
    try await TestBench.with { bench in
      let shape = SyntheticRedisCluster.Shape(masters: 3, replicasPerMaster: 0, syncDelaySeconds: 0)
      try await SyntheticRedisCluster.with(shape, below: bench.folder) { production in
        try await UnixRedis.with(bench.folder + "/u") { kept in
          let keys = (0..<300).map { ["SET", "{moved}:\($0)", "v", "PXAT", "\(SampleKeys.expiry)"] }
          try await production.send(SampleKeys.commands(0..<700) + keys)
          try await kept.send(SampleKeys.commands(0..<700) + keys)
          try await move(slotOf: "{moved}", in: production)
          let outcome = try await diff(url(production), kept.url, ["--expiry-bound", "2s"], in: bench)
          #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
          #expect(try outcome.json()["recordsA"] as? Int == 1000)
          #expect(try #require(outcome.json()["largestShiftMs"] as? Int) <= 2000)
        }
      }
    }
  }

  /// Moves a slot from the master that owns it to the next, key by key. Source: Redis Cluster specification, "Live
  /// resharding".
  private func move(slotOf key: String, in production: SyntheticRedisCluster) async throws {
    var nodes: [(connection: RedisConnection, id: String, port: Int)] = []
    for endpoint in production.masters {
      let connection = try await RedisConnection.connect(endpoint)
      guard case .tcp(_, let port) = endpoint else { continue }
      nodes.append((connection, try await connection.ask("CLUSTER", "MYID").text ?? "", port))
    }
    let slot = String(try #require(try await nodes[0].connection.ask("CLUSTER", "KEYSLOT", key).integer))
    var owner = 0
    while try await nodes[owner].connection.ask("CLUSTER", "COUNTKEYSINSLOT", slot).integer == 0 { owner += 1 }
    let (source, target) = (nodes[owner], nodes[(owner + 1) % nodes.count])
    try await target.connection.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
    try await source.connection.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)
    while let keys = try await source.connection.ask("CLUSTER", "GETKEYSINSLOT", slot, "50").array, !keys.isEmpty {
      let words = ["MIGRATE", "127.0.0.1", "\(target.port)", "", "0", "10000", "KEYS"].map { Array($0.utf8) }
      #expect(try await source.connection.send(words + keys.compactMap(\.bytes)).errorCode == nil)
    }
    for node in [target, source] + nodes.filter({ $0.id != target.id && $0.id != source.id }) {
      try await node.connection.ask("CLUSTER", "SETSLOT", slot, "NODE", target.id)
    }
    for node in nodes { await node.connection.close() }
  }

  @Test("a dump, the server that loads it, a folder of dumps and both ways of reading have one fingerprint")
  func oneFingerprint() async throws {
    try await TestBench.with { bench in
      let folder = bench.folder + "/u"
      let dump = try await UnixRedis.with(folder) { server in
        try await server.send(SampleKeys.commands(0..<700))
        return try await server.save()
      }
      try await UnixRedis.with(folder, password: "open-sesame") { server in
        var roots: [String] = []
        for arguments in [
          [dump], [folder], [server.url], [server.url, "--via", "commands"], [server.url, "--via", "replication"],
        ] {
          let outcome = try await FiredrillProcess.run(
            ["fingerprint", "--json"] + arguments, in: bench, environment: ["FIREDRILL_PASSWORD": "open-sesame"])
          #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
          #expect(try outcome.json()["records"] as? Int == 700)
          #expect(try outcome.json()["expiringRecords"] as? Int == 100)
          roots.append(try #require(try outcome.json()["root"] as? String))
        }
        #expect(Set(roots).count == 1, "\(roots)")

        let refused = try await FiredrillProcess.run(
          ["fingerprint", server.url], in: bench, environment: ["FIREDRILL_PASSWORD": "wrong"])
        #expect(refused.status == 2)
        #expect(refused.errors.contains("[authentication-failed]"), "\(refused.errors)")
        let equal = try await FiredrillProcess.run(
          ["diff", dump, server.url], in: bench, environment: ["FIREDRILL_PASSWORD": "open-sesame"])
        #expect(equal.status == 0 && equal.output == "equal: 700 records\n", "\(equal.output)\(equal.errors)")
      }
    }
  }

  @Test("a store that changes while it is read is neither equal nor different", arguments: ["replication", "commands"])
  func movingStore(via: String) async throws {
    try await TestBench.with { bench in
      try await UnixRedis.with(bench.folder + "/u") { server in
        try await server.send(SampleKeys.commands(0..<700))
        let dump = try await server.save()
        let outcome = try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask {
            try await RedisConnection.with(server.connection.endpoint) { connection in
              while !Task.isCancelled { _ = try? await connection.ask("INCR", "counter") }
            }
          }
          while try await server.connection.ask("GET", "counter").text == nil {}
          defer { group.cancelAll() }
          return try await FiredrillProcess.run(["diff", dump, server.url, "--via", via], in: bench)
        }
        #expect(outcome.status == 2, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.errors.contains("[store-moved]"), "\(outcome.errors)")
      }
    }
  }

  @Test("a damaged dump has no fingerprint and cannot be compared")
  func damagedDump() async throws {
    try await TestBench.with { bench in
      let dump = try await UnixRedis.with(bench.folder + "/u") { server in
        try await server.send(SampleKeys.commands(0..<70))
        return try await server.save()
      }
      var bytes = try Data(contentsOf: URL(fileURLWithPath: dump))
      bytes.removeLast(bytes.count / 2)
      let damaged = bench.folder + "/half.rdb"
      try bytes.write(to: URL(fileURLWithPath: damaged))
      let printed = try await FiredrillProcess.run(["fingerprint", damaged], in: bench)
      #expect(printed.status == 1, "\(printed.output)\(printed.errors)")
      let compared = try await FiredrillProcess.run(["diff", dump, damaged], in: bench)
      #expect(compared.status == 2, "\(compared.output)\(compared.errors)")
    }
  }

  @Test("two SQLite files with the same rows are equal whatever their order, and one changed row is named")
  func sqliteFiles() async throws {
    try await TestBench.with { bench in
      func database(_ name: String, _ rows: [String]) async throws -> String {
        let sql =
          "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT);"
          + rows.map { "INSERT INTO item VALUES \($0);" }.joined()
        let path = "\(bench.folder)/\(name).sqlite"
        let shell = try #require(SandboxTools.executable("sqlite3"))
        try await ChildProcess.with(.init(executable: shell, arguments: [path, sql])) { _ = await $0.waitForEnd() }
        return path
      }
      let a = try await database("a", ["(1,'one')", "(2,'two')", "(3,'3')"])
      let b = try await database("b", ["(3,'3')", "(1,'one')", "(2,'two')"])
      let c = try await database("c", ["(1,'one')", "(2,'two')", "(3,3.0)"])
      #expect(try await FiredrillProcess.run(["diff", a, b], in: bench).status == 0)
      let different = try await diff(a, c, in: bench)
      #expect(different.status == 1, "\(different.output)\(different.errors)")
      #expect(try different.json()["differences"] as? [String: Int] == ["changed": 1])
    }
  }
}
