import DrillModel
import Foundation
import Testing

/// One wrong reply of a live server, told by a proxy before it, is found.
@Suite struct ProxyTests {
  @Test("one value that a proxy changes on its way makes two equal stores different, down to its key")
  func diffThroughAProxy() async throws {
    try await TestBench.with { bench in
      try await UnixRedis.with(bench.folder + "/u") { server in
        try await server.send(SampleKeys.commands(0..<700))
        let (socket, truth, lie) = (server.folder + "/s", "item number 77", "item numbex 77")
        try await LyingProxy.with(before: socket, saying: lie, insteadOf: truth, most: .max) { proxy in
          let different = try await diff(server, proxy, in: bench)
          #expect(different.status == 1, "\(different.output)\(different.errors)")
          #expect(different.output.contains("changed: 1") && different.output.contains("item:77"))
        }
        try await LyingProxy.with(before: socket, saying: lie, insteadOf: truth) { proxy in
          // Told once, to the first reading; the second, of the slots that differ, hears the truth.
          let moved = try await diff(server, proxy, in: bench)
          #expect(moved.status == 2 && moved.errors.contains("[store-moved]"), "\(moved.output)\(moved.errors)")
          #expect(proxy.lies == 1)
          let equal = try await diff(server, proxy, in: bench)
          #expect(equal.status == 0, "\(equal.output)\(equal.errors)")
        }
      }
    }
  }

  private func diff(
    _ server: UnixRedis, _ proxy: LyingProxy, in bench: TestBench
  ) async throws -> FiredrillProcess.Ending {
    try await FiredrillProcess.run(
      ["diff", server.url, "redis://127.0.0.1:\(proxy.port)", "--via", "commands", "--show-keys"], in: bench)
  }

  @Test(
    "a live server that answers one question wrongly at the cut is held against the backup's truth",
    arguments: [true, false])
  func drillThroughAProxy(lies: Bool) async throws {
    try await TestBench.with { bench in
      try await UnixRedis.with(bench.folder + "/u") { server in
        try await server.send(SampleKeys.commands(0..<70))
        let lie = lies ? "item numbex 7" : "item number 7"
        try await LyingProxy.with(before: server.folder + "/s", saying: lie, insteadOf: "item number 7") { proxy in
          try bench.write(
            "workload: w\nengine: redis\noperations: 500\nmix: [{verb: get, weight: 1}]\n", to: "workload.yaml")
          try bench.write(
            """
            cluster: shop
            engine: redis
            mode: standalone
            nodes: ["127.0.0.1:\(proxy.port)"]
            capture: {cut: coherent, max_pause: 5s}
            answers: {profile: workload.yaml, operations: 500, budget: 2s}
            """, to: "cluster.yaml")
          let seal = bench.folder + "/seal"
          #expect(try await FiredrillProcess.run(["keygen", "--out", seal], in: bench).status == 0)
          let drill = try bench.write(
            """
            drill: lied
            cluster: cluster.yaml
            catalog: \(bench.catalog)
            capture: {key: \(seal)}
            trust: \(seal).pub
            workload: workload.yaml
            level: restored
            """, to: "drill.yaml")
          let ran = try await FiredrillProcess.run(["run", drill, "--json"], in: bench)
          #expect(proxy.lies == 1, "nobody asked for what it would lie about: \(ran.errors)")
          let run = try #require(try ran.json()["run"] as? [String: Any], "\(ran.errors)")
          let answers = try #require(run["answers"] as? [String: Any])
          let codes = try #require(run["findings"] as? [[String: Any]]).compactMap { $0["code"] as? String }
          let stages = try #require(run["findings"] as? [[String: Any]]).compactMap { $0["stage"] as? String }
          #expect(ran.status == (lies ? 1 : 0), "\(ran.output)")
          #expect(answers["different"] as? Int == (lies ? 1 : 0))
          #expect(answers["equal"] as? Int == (lies ? 499 : 500))
          #expect(codes == (lies ? ["answer-differs"] : []))
          #expect(stages == (lies ? ["compare"] : []))
          #expect(!ran.output.contains("item numbe"), "a value of the store in what was printed")
        }
      }
    }
  }
}
