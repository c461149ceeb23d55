/// An engine whose clusters have nodes that each hold a view of the topology of their own.
public protocol TopologyWitnessing: Engine {
  /// Asks every node that any of the others knows, whether or not they agree: what is wrong with a cluster must be seen too. MUST NOT write to it.
  ///
  /// - Returns: nil where the deployment has no such nodes, and so nothing but its ``LiveCluster/topology()``.
  /// - Throws: `DrillError`: `unreachable` where none of the endpoints answers, `authentication-failed`, `permission-denied`.
  func view(of cluster: ClusterDescription) async throws -> ClusterView?
}
