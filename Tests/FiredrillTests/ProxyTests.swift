import DrillModel
import DrillProduction
import Foundation
import Testing

/// One wrong reply of a live server, told by a proxy before it, is found.
@Suite struct ProxyTests {
  @Test("one value that a proxy changes on its way makes two equal stores different, down to its key")
  func diffThroughAProxy() async throws {
    try await TestBench.with { bench in
      try await UnixRedis.with(bench.folder + "/u") { server in
        try await server.send(SampleKeys.commands(0..<700))
        let (socket, truth, lie) = (Endpoint.unix(path: server.folder + "/s"), "item number 77", "item numbex 77")
        try await MisbehavingProxy.with(before: socket, .saying(lie, insteadOf: truth)) { proxy in
          let different = try await diff(server, proxy, in: bench)
          #expect(different.status == 1, "\(different.output)\(different.errors)")
          #expect(different.output.contains("changed: 1") && different.output.contains("item:77"))
        }
        try await MisbehavingProxy.with(before: socket, .saying(lie, insteadOf: truth, most: 1)) { proxy in
          // Told once, to the first reading; the second, of the slots that differ, hears the truth.
          let moved = try await diff(server, proxy, in: bench)
          #expect(moved.status == 2 && moved.errors.contains("[store-moved]"), "\(moved.output)\(moved.errors)")
          #expect(proxy.touched == 1)
          let equal = try await diff(server, proxy, in: bench)
          #expect(equal.status == 0, "\(equal.output)\(equal.errors)")
        }
      }
    }
  }

  private func diff(
    _ server: UnixRedis, _ proxy: MisbehavingProxy, in bench: TestBench
  ) async throws -> FiredrillProcess.Ending {
    try await FiredrillProcess.run(
      ["diff", server.url, "redis://127.0.0.1:\(proxy.port)", "--via", "commands", "--show-keys"], in: bench)
  }

  /// One that answers wrongly only once is told from one that keeps to it: the store is asked twice.
  @Test(
    "a live server that keeps to one wrong answer at the cut is held against the backup's truth",
    arguments: [0, 1, Int.max])
  func drillThroughAProxy(most: Int) async throws {
    try await TestBench.with { bench in
      try await UnixRedis.with(bench.folder + "/u") { server in
        try await server.send(SampleKeys.commands(0..<70))
        try await MisbehavingProxy.with(
          before: .unix(path: server.folder + "/s"),
          .saying("item numbex 7", insteadOf: "item number 7", most: most)
        ) { proxy in
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
          let run = try #require(try ran.json()["run"] as? [String: Any], "\(ran.errors)")
          let answers = try #require(run["answers"] as? [String: Any])
          let findings = try #require(run["findings"] as? [[String: Any]])
          let codes = Set(findings.compactMap { $0["code"] as? String })
          let stages = Set(findings.compactMap { $0["stage"] as? String })
          let different = try #require(answers["different"] as? Int)
          let equal = try #require(answers["equal"] as? Int)
          #expect(ran.status == (most == .max ? 1 : 0), "\(ran.output)")
          switch most {
          case 0: #expect(different == 0 && equal == 500)
          // Its second answer was another one, which is its own noise and nobody's difference.
          case 1:
            #expect(proxy.touched == 1, "nobody asked for what it would lie about: \(ran.errors)")
            #expect(different == 0 && equal == 499 && ran.output.contains(SkipReason.unsteady.rawValue))
          default:
            #expect(different > 0 && equal == 500 - different && proxy.touched >= 2 * different)
          }
          #expect(codes == (most == .max ? ["answer-differs"] : []))
          #expect(stages == (most == .max ? ["compare"] : []))
          #expect(!ran.output.contains("item numbe"), "a value of the store in what was printed")
        }
      }
    }
  }
}
