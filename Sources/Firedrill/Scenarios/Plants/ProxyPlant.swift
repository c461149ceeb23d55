import DrillModel
import DrillProduction
import Foundation

/// Live Redis nodes that misbehave: a proxy before each node of the cluster file, which the drill is then led to.
///
/// `proxy: KIND` (see ``Misbehaviour/Kind``) with any of: `verbs: [GET]`, the commands whose replies are touched, `every: N`, one key in N, `keys: N`, so many keys at
/// most. At least one reply has to have been touched.
struct ProxyPlant: Plant {
  var kind: Misbehaviour.Kind
  var verbs: Set<String>?
  var every: Int
  var mostKeys: Int

  init(_ section: YAMLSection) throws {
    guard let kind = try section.choice("proxy", of: Misbehaviour.Kind.self) else {
      throw section.missing(["proxy"], "'proxy' says what the nodes do to their replies")
    }
    self.kind = kind
    verbs = try section.texts("verbs").map { Set($0.map { $0.uppercased() }) }
    every = try section.integer("every", in: 1...1_000_000) ?? 1
    mostKeys = try section.integer("keys", in: 1...1_000_000) ?? .max
  }

  func planted(
    in bench: ScenarioBench, _ body: (ScenarioBench) async throws -> ScenarioOutcome
  ) async throws -> ScenarioOutcome {
    let nodes = try ClusterFile.read(path: bench.path("cluster.yaml")).description.endpoints
    return try await proxied(nodes[...], [], bench, body)
  }

  private func proxied(
    _ nodes: ArraySlice<Endpoint>, _ proxies: [(node: Endpoint, proxy: MisbehavingProxy)], _ bench: ScenarioBench,
    _ body: (ScenarioBench) async throws -> ScenarioOutcome
  ) async throws -> ScenarioOutcome {
    guard let node = nodes.first else {
      var bench = bench
      try lead(bench, to: proxies)
      bench.proofs.append("each of \(proxies.count) live nodes \(kind.rawValue) some of its replies")
      var outcome = try await body(bench)
      if proxies.allSatisfy({ $0.proxy.touched == 0 }) {
        outcome.unproven.append("no reply of a live node was touched")
      }
      return outcome
    }
    let misbehaviour = Misbehaviour(
      kind, verbs: verbs, every: UInt64(every), mostKeys: mostKeys, seed: bench.seed)
    return try await MisbehavingProxy.with(before: node, misbehaviour) { proxy in
      try await proxied(nodes.dropFirst(), proxies + [(node, proxy)], bench, body)
    }
  }

  private func lead(_ bench: ScenarioBench, to proxies: [(node: Endpoint, proxy: MisbehavingProxy)]) throws {
    let file = URL(fileURLWithPath: bench.path("cluster.yaml"))
    var text = try String(contentsOf: file, encoding: .utf8)
    for (node, proxy) in proxies { text = text.replacing("\"\(node)\"", with: "\"127.0.0.1:\(proxy.port)\"") }
    let addresses = proxies.map { "\"\($0.node)\": \"127.0.0.1:\($0.proxy.port)\"" }.joined(separator: ", ")
    try Data((text + "addresses: {\(addresses)}\n").utf8).write(to: file)
  }
}
