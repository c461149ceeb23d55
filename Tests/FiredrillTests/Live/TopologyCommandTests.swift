import DrillEngines
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("The topology of a real cluster")
struct TopologyCommandTests {
  private struct Bench {
    var bench: TestBench
    var servers: [LiveServers.Server]
    var ids: [String]

    func run(_ arguments: String...) async throws -> FiredrillProcess.Ending {
      try await FiredrillProcess.run(arguments, in: bench)
    }

    func ask(_ server: Int, _ words: String...) async throws {
      try await RedisConnection.with(servers[server].endpoint) { connection in
        let reply = try await connection.send(words.map { Array($0.utf8) })
        try #require(reply.text == "OK", "\(words): \(reply)")
      }
    }

    var findings: [String] {
      get async throws {
        let check = try await run("topology", "check", bench.folder + "/shop.yaml", "--json")
        let all = try check.json()["findings"] as? [[String: Any]] ?? []
        return all.compactMap { $0["code"] as? String }
      }
    }
  }

  private func withCluster(_ body: (Bench) async throws -> Void) async throws {
    try await TestBench.with { bench in
      let plan = LiveServers.Plan.plain(["cluster-enabled yes", "cluster-require-full-coverage no"])
      try await LiveServers.with(Array(repeating: { _ in plan }, count: 3), in: bench.folder) { servers in
        try await LiveServers.formCluster(servers, .none)
        var ids: [String] = []
        for server in servers {
          ids.append(
            try await RedisConnection.with(server.endpoint) { try await $0.ask("CLUSTER", "MYID").text ?? "" })
        }
        try bench.write(
          "cluster: shop\nengine: redis\nnodes: [\"127.0.0.1:\(servers[0].port)\"]\n", to: "shop.yaml")
        try await body(Bench(bench: bench, servers: servers, ids: ids))
      }
    }
  }

  @Test("is recorded when it changes, in marks alone too, shown as of a time and an epoch, and compared")
  func discovered() async throws {
    try await withCluster { cluster in
      let file = cluster.bench.folder + "/shop.yaml"
      let first = try await cluster.run("topology", "discover", file)
      #expect(first.status == 0 && first.output.contains("seen for the first time"), "\(first)")
      #expect(first.output.contains("3 shards, 16,384 slots owned"), "\(first)")
      let same = try await cluster.run("topology", "discover", file, "--json").json()
      #expect(same["isRecorded"] as? Bool == false)
      let before = Instant.now

      try await cluster.ask(1, "CLUSTER", "SETSLOT", "5", "IMPORTING", cluster.ids[0])
      try await cluster.ask(0, "CLUSTER", "SETSLOT", "5", "MIGRATING", cluster.ids[1])
      let moving = try await cluster.run("topology", "discover", file)
      #expect(moving.output.contains("Begun") && moving.output.contains(": 5"), "\(moving)")
      let diff = try await cluster.run("topology", "diff", before.description, "live:\(file)", "--cluster", "shop")
      #expect(diff.status == 1 && diff.output.contains("move of 1 slot"), "\(diff)")

      // The move is taken back: what was there before is there again, and that is recorded.
      try await cluster.ask(0, "CLUSTER", "SETSLOT", "5", "STABLE")
      try await cluster.ask(1, "CLUSTER", "SETSLOT", "5", "STABLE")
      let back = try await cluster.run("topology", "discover", file, "--json").json()
      #expect(back["isRecorded"] as? Bool == true)
      let then = try await cluster.run("topology", "show", "--cluster", "shop", "--at", before.description)
      #expect(
        then.status == 0 && !then.output.contains("Moving") && then.output.contains("another one since"), "\(then)")
      let equal = try await cluster.run("topology", "diff", before.description, "live:\(file)", "--cluster", "shop")
      #expect(equal.status == 0 && equal.output.contains("nothing changed"), "\(equal)")

      for (arguments, words) in [
        (["show", "--cluster", "nope"], "topology discover"),
        (["show", "--cluster", "shop", "--epoch", "99"], "known are"),
        (["show", "--cluster", "shop", "--at", "2001-01-01"], "nothing is recorded of shop before"),
        (["show", "--cluster", "shop", "--at", "1h", "--epoch", "1"], "not both"),
        (["diff", "epoch:x", file], "an epoch is a number"), (["diff", "1h", file], "name it"),
        (["diff", "nonsense", file], "live:CLUSTER.yaml"), (["check", "absent.yaml"], "cannot be read"),
      ] {
        let ending = try await FiredrillProcess.run(["topology"] + arguments, in: cluster.bench)
        #expect(ending.status == 64 && ending.errors.contains(words), "\(arguments) \(ending)")
      }
    }
  }

  @Test("is judged: a mark on one side, a slot that nobody owns, a node that cannot be asked, and a clean neighbour")
  func judged() async throws {
    try await withCluster { cluster in
      let file = cluster.bench.folder + "/shop.yaml"
      let clean = try await cluster.run("topology", "check", file)
      #expect(
        clean.status == 0 && clean.output.hasPrefix("pass") && clean.output.contains("as 3 nodes say"), "\(clean)")

      try await cluster.ask(0, "CLUSTER", "SETSLOT", "7", "MIGRATING", cluster.ids[1])
      let source = try await cluster.run("topology", "check", file)
      #expect(source.status == 1 && source.output.contains("move-one-sided"), "\(source)")
      #expect(
        source.output.contains("the target does not mark it")
          && source.output.contains("slots 7 from \(cluster.ids[0])"))
      try await cluster.ask(1, "CLUSTER", "SETSLOT", "7", "IMPORTING", cluster.ids[0])
      #expect(try await cluster.findings == [])
      try await cluster.ask(0, "CLUSTER", "SETSLOT", "7", "STABLE")
      let target = try await cluster.run("topology", "check", file)
      #expect(target.status == 1 && target.output.contains("the source does not mark it"), "\(target)")
      try await cluster.ask(1, "CLUSTER", "SETSLOT", "7", "STABLE")

      try await cluster.ask(0, "CLUSTER", "DELSLOTS", "11", "12")
      let unowned = try await cluster.run("topology", "check", file)
      #expect(unowned.status == 1 && unowned.output.contains("slot-unowned"), "\(unowned)")
      #expect(unowned.output.contains("2 slots in none: 11-12"), "\(unowned)")
      try await cluster.ask(0, "CLUSTER", "ADDSLOTS", "11", "12")
      #expect(try await cluster.findings == [])
    }
  }

  @Test("that cannot be asked of all who own slots is not recorded, and not called sound")
  func silent() async throws {
    try await withCluster { cluster in
      // Announced where nobody listens, it owns its slots still.
      try await cluster.ask(2, "CONFIG", "SET", "cluster-announce-port", "1")
      let file = cluster.bench.folder + "/shop.yaml"
      try await LiveServers.wait("the others have heard of it") {
        let nodes = try? await RedisConnection.with(cluster.servers[0].endpoint) {
          try await $0.ask("CLUSTER", "NODES").text
        }
        return nodes?.contains(":1@") == true
      }
      let check = try await cluster.run("topology", "check", file)
      #expect(check.status == 2 && check.output.contains("not asked"), "\(check)")
      let discover = try await cluster.run("topology", "discover", file)
      #expect(discover.status == 2 && discover.errors.contains("nothing was recorded"), "\(discover)")
      #expect(try await cluster.run("topology", "show", "--cluster", "shop").status == 64)
    }
  }

  @Test("from a file is judged by what the file states: a slot in two shards, in none, a move that cannot be")
  func files() async throws {
    try await TestBench.with { bench in
      func check(_ text: String) async throws -> String {
        let file = try bench.write(text, to: "topology.yaml")
        let ending = try await FiredrillProcess.run(["topology", "check", file, "--json"], in: bench)
        guard let status = ending.status, status != 64 else { return "64" }
        let findings = try ending.json()["findings"] as? [[String: Any]] ?? []
        return ([String(status)] + findings.compactMap { $0["code"] as? String }).joined(separator: " ")
      }
      func file(_ a: String, _ b: String, _ more: String = "") -> String {
        "epoch: 7\nshards:\n  - {shard: a, slots: \(a)}\n  - {shard: b, slots: \(b)}\n\(more)"
      }
      let moves = "moves:\n  - {slot: 8192, source: a, target: b}\n"
      for (text, expected) in [
        (file("0-8191", "8192-16383"), "0"), (file("0-8192", "8192-16383"), "1 slot-contested"),
        (file("0-8190", "8192-16383"), "1 slot-unowned"),
        (file("0-8191", "8192-16383", moves), "1 move-one-sided"),
        ("shards:\n  - {shard: a}\n  - {shard: b}\n", "2"), ("shards: []\n", "64"), (file("0-16384", "1"), "64"),
      ] {
        let found = try await check(text)
        #expect(found == expected, "\(text)")
      }
    }
  }

  @Test("of SQLite files is what the cluster file says, and a change of it is seen")
  func sqlite() async throws {
    try await TestBench.with { bench in
      for shard in ["a", "b"] { try Data().write(to: URL(fileURLWithPath: "\(bench.folder)/\(shard).db")) }
      func discover(_ a: String, _ b: String) async throws -> FiredrillProcess.Ending {
        let file = try bench.write(
          """
          cluster: files
          engine: sqlite
          files:
            - {shard: a, path: a.db, slots: \(a)}
            - {shard: b, path: b.db, slots: \(b)}
          """, to: "files.yaml")
        return try await FiredrillProcess.run(["topology", "discover", file], in: bench)
      }
      #expect(try await discover("0-8191", "8192-16383").status == 0)
      let changed = try await discover("0-99", "100-16383")
      #expect(changed.status == 0 && changed.output.contains("8,092 slots from a to b: 100-8191"), "\(changed)")
    }
  }
}
