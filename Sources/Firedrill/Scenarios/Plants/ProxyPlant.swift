import DrillModel
import DrillProduction
import Foundation

/// Live Redis nodes that misbehave: a proxy before each node of the cluster file, which the drill is then led to.
///
/// `proxy: KIND` (see ``Misbehaviour/Kind``) with any of: `verbs: [GET]`, the commands whose replies are touched, `every: N`, one key in N, `keys: N`, so many keys at
/// most. Or `proxy: says`, with `lie` and `truth`, two texts of one length. `nodes: N`: only the first so many nodes of the cluster file. At least one reply has to
/// have been touched.
struct ProxyPlant: Plant {
  private enum Act {
    case kind(Misbehaviour.Kind, verbs: Set<String>?, every: UInt64, mostKeys: Int)
    case says(lie: String, truth: String)
  }

  private var act: Act
  private var mostNodes: Int

  init(_ section: YAMLSection) throws {
    mostNodes = try section.integer("nodes", in: 1...1000) ?? .max
    if let lie = try section.text("lie"), let truth = try section.text("truth") {
      guard try section.text("proxy") == "says", lie.utf8.count == truth.utf8.count, lie != truth else {
        throw section.refuse("lie", "'proxy: says' takes 'lie' and 'truth', two texts of one length")
      }
      act = .says(lie: lie, truth: truth)
      return
    }
    guard let kind = try section.choice("proxy", of: Misbehaviour.Kind.self) else {
      throw section.missing(["proxy"], "'proxy' says what the nodes do to their replies")
    }
    act = .kind(
      kind, verbs: try section.texts("verbs").map { Set($0.map { $0.uppercased() }) },
      every: UInt64(try section.integer("every", in: 1...1_000_000) ?? 1),
      mostKeys: try section.integer("keys", in: 1...1_000_000) ?? .max)
  }

  private func misbehaviour(seed: UInt64) -> Misbehaviour {
    switch act {
    case .kind(let kind, let verbs, let every, let mostKeys):
      Misbehaviour(kind, verbs: verbs, every: every, mostKeys: mostKeys, seed: seed)
    case .says(let lie, let truth): .saying(lie, insteadOf: truth)
    }
  }

  func planted(
    in bench: ScenarioBench, _ body: (ScenarioBench) async throws -> ScenarioOutcome
  ) async throws -> ScenarioOutcome {
    let nodes = try ClusterFile.read(path: bench.path("cluster.yaml")).description.endpoints
    return try await proxied(nodes.prefix(mostNodes), [], bench, body)
  }

  private func proxied(
    _ nodes: ArraySlice<Endpoint>, _ proxies: [(node: Endpoint, proxy: MisbehavingProxy)], _ bench: ScenarioBench,
    _ body: (ScenarioBench) async throws -> ScenarioOutcome
  ) async throws -> ScenarioOutcome {
    guard let node = nodes.first else {
      var bench = bench
      try lead(bench, to: proxies)
      bench.proofs.append("\(proxies.count) live nodes misbehaved in some of their replies")
      var outcome = try await body(bench)
      if proxies.allSatisfy({ $0.proxy.touched == 0 }) {
        outcome.unproven.append("no reply of a live node was touched")
      }
      return outcome
    }
    return try await MisbehavingProxy.with(before: node, misbehaviour(seed: bench.seed)) { proxy in
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
