import DrillEngines
import DrillModel
import DrillReplay
import Firedrill
import Foundation
import Testing

@Suite("A server with several databases")
struct DatabaseTests {
  private static func get(_ key: String, _ namespace: String?) -> DrillModel.Operation {
    DrillModel.Operation(
      name: "get", slot: RedisEngine().slot(ofKey: Array(key.utf8)), key: Array(key.utf8), namespace: namespace,
      statement: .command(["GET", key].map { Array($0.utf8) }))
  }

  @Test("each question is put to its own database, however they follow each other")
  func selection() async throws {
    try await TemporaryFolder.with { folder in
      try await LiveServers.with(.plain(["databases 8"]), in: folder) { server in
        try await RedisConnection.with(server.endpoint) { connection in
          for database in 0..<4 {
            try await connection.ask("SELECT", "\(database)")
            try await connection.ask("SET", "k", "\(database)")
          }
        }
        let cluster = ClusterDescription(name: "c", engine: "redis", endpoints: [server.endpoint])
        let names: [String?] = ["db2", nil, "db3", "db3", "db1", nil, "db7", "db99", "db2", "orders", "db0"]
        let replies = try await RedisLiveCluster.with(cluster) { live in
          try await live.withSession { session in
            let first = await session.perform(names.map { Self.get("k", $0) }, timeout: .seconds(5))
            // A new pipeline goes on where the last one stopped.
            return first + (await session.perform([Self.get("k", nil), Self.get("k", "db3")], timeout: .seconds(5)))
          }
        }.map(\.reply)
        func value(_ text: String) -> Reply { .answered(.blob(Array(text.utf8))) }
        #expect(replies[0..<6] == [value("2"), value("0"), value("3"), value("3"), value("1"), value("0")])
        #expect(replies[6] == .answered(.null))
        // Nothing is asked of whatever database the connection stood in.
        #expect(replies[7] == .indeterminate("SELECT: ERR"))
        #expect(replies[8] == value("2"))
        #expect(replies[9] == .indeterminate("no such database"))
        #expect(replies[10...] == [value("0"), value("0"), value("3")])
      }
    }
  }

  @Test("is captured and compared in all of them, and a changed answer is found in the one where it is")
  func endToEnd() async throws {
    try await TemporaryFolder.with { folder in
      try await LiveServers.with(.plain(), in: folder) { server in
        for database in [0, 3] {
          try await LiveBench.fill([server], .none, isCluster: false, database: database)
        }
        let bench = try await LiveBench.capture(
          folder,
          """
          mode: standalone
          nodes: ["127.0.0.1:\(server.port)"]
          capture: {cut: coherent, max_pause: 10s}
          answers: {profile: mixed-ttl.yaml, operations: 400, budget: 5s}
          """)
        let sheet = try bench.answers()
        #expect(Set(sheet.operations.map(\.namespace)) == [nil, "db3"])
        expectClean(
          try await bench.run(DrillBench.Drill(more: ["workload: mixed-ttl.yaml", "reference: [captured, live]"])))

        let asked = try #require(
          sheet.operations.first {
            $0.name == "get" && $0.namespace == "db3" && String(decoding: $0.key, as: UTF8.self).hasPrefix("string:")
              && !String(decoding: $0.key, as: UTF8.self).contains("absent")
          })
        let key = String(decoding: asked.key, as: UTF8.self)
        try await RedisConnection.with(server.endpoint) { connection in
          // The same name in another database is another key.
          try await connection.ask("SELECT", "3")
          try await connection.ask("SET", key, "planted", "KEEPTTL")
        }
        // A backup of the changed server, sealed with the answers that were given before.
        let changed = try await LiveBench.capture(
          folder, "mode: standalone\nnodes: [\"127.0.0.1:\(server.port)\"]\ncapture: {cut: per-shard}")
        let artifact = try bench.dataArtifacts()[0]
        try FileManager.default.removeItem(atPath: bench.path(of: artifact))
        try FileManager.default.copyItem(
          atPath: changed.path(of: try changed.dataArtifacts()[0]), toPath: bench.path(of: artifact))
        try bench.reseal()
        let run = try await bench.run(DrillBench.Drill(more: ["backup: {id: \(bench.backup)}"]))
        let found = run.findings(.answerDiffers)
        #expect(run.verdict == .fail && !found.isEmpty)
        #expect(found.allSatisfy { $0.subject.namespace == "db3" }, "\(found)")
      }
    }
  }

  @Test("operations that were recorded before there were several databases are about the first")
  func oldSheets() throws {
    let old = #"{"key":[107],"name":"get","slot":5,"statement":{"command":{"_0":[[71,69,84],[107]]}}}"#
    let operation = try JSONDecoder().decode(DrillModel.Operation.self, from: Data(old.utf8))
    #expect(operation.namespace == nil && operation.key == [107])
    let again = try JSONEncoder().encode(operation)
    #expect(!String(decoding: again, as: UTF8.self).contains("namespace"))
  }
}
