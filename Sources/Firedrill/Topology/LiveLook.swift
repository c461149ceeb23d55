import DrillChecks
import DrillModel

/// A look at a live cluster's topology, with what is wrong with it.
struct LiveLook: Sendable {
  var topology: Topology
  /// How many nodes were asked; 0 where the engine has no nodes with views of their own.
  var nodes: Int
  var findings: [Finding]
  /// Nodes that could not be asked.
  var silent: [NodeView]
  /// Those of them that own slots: what they own is what the others believe.
  var silentOwners: [NodeView]

  /// Asks every node where the engine can, and where they disagree asks once more after they had time to tell each other.
  static func at(_ cluster: ClusterDescription) async throws -> LiveLook {
    let engine = try Engines().named(cluster.engine)
    guard let witnessing = engine as? any TopologyWitnessing, let first = try await witnessing.view(of: cluster) else {
      let topology = try await engine.withLive(cluster) { try await $0.topology() }
      return LiveLook(
        topology: topology, nodes: 0, findings: TopologyCheck.findings(topology), silent: [], silentOwners: [])
    }
    var view = first
    var findings = TopologyCheck.findings(first, then: first)
    if !findings.isEmpty {
      try await Task.sleep(for: Firedrill.gossipTime)
      guard let second = try await witnessing.view(of: cluster) else {
        throw DrillError(.storeMoved, subject: cluster.name, detail: "its nodes are none any more")
      }
      view = second
      findings = TopologyCheck.findings(first, then: second)
    }
    return LiveLook(
      topology: view.topology, nodes: view.asked.count, findings: findings,
      silent: view.nodes.filter { $0.problem != nil }, silentOwners: view.silentOwners)
  }
}
