public import DrillModel

extension RedisEngine: TopologyWitnessing {
  /// Asks every node of a Redis Cluster for its `CLUSTER NODES` and `CLUSTER INFO`, whatever state the cluster is in.
  ///
  /// A node that cannot be reached is among them with the reason; one that every other has forgotten is not found.
  public func view(of cluster: ClusterDescription) async throws -> ClusterView? {
    guard cluster.isCluster, cluster.sentinel == nil else { return nil }
    let credentials = RedisCredentials(of: cluster)
    var failure: DrillError?
    for endpoint in cluster.endpoints {
      do {
        return ClusterView(nodes: try await RedisWitnesses(credentials, cluster.addresses).all(from: endpoint))
      } catch let error as DrillError where [.unreachable, .timedOut].contains(error.code) {
        failure = failure ?? error
      }
    }
    throw failure ?? DrillError(.usage, subject: cluster.name, detail: "the cluster names no endpoint")
  }
}

/// The nodes of a Redis Cluster as witnesses of its topology.
private struct RedisWitnesses {
  private let credentials: RedisCredentials
  private let addresses: AddressMap

  init(_ credentials: RedisCredentials, _ addresses: AddressMap) {
    self.credentials = credentials
    self.addresses = addresses
  }

  func all(from endpoint: Endpoint) async throws -> [NodeView] {
    let (seed, others) = try await ask(endpoint)
    var views = [seed.node: seed]
    var waiting = others
    // A node that the first does not know may be known to a later one.
    while let next = waiting.popFirst() {
      guard views[next.key] == nil else { continue }
      guard let place = next.value else {
        views[next.key] = NodeView(node: next.key, endpoint: "", problem: "no node knows its address")
        continue
      }
      do {
        let (view, known) = try await ask(place)
        // Behind the address may be another node by now.
        guard view.node == next.key else {
          views[next.key] = NodeView(
            node: next.key, endpoint: place.description, problem: "node \(view.node) answers at its address")
          continue
        }
        views[next.key] = view
        for (name, place) in known where views[name] == nil { waiting[name] = place }
      } catch let error as DrillError {
        views[next.key] = NodeView(node: next.key, endpoint: place.description, problem: error.detail)
      }
    }
    return Array(views.values)
  }

  private func ask(_ endpoint: Endpoint) async throws -> (NodeView, others: [String: Endpoint?]) {
    try await RedisConnection.with(endpoint, credentials) { connection in
      let state = RedisInfo(try await connection.ask("CLUSTER", "INFO").text ?? "")
      let reply = try ClusterNodesReply(
        try await connection.ask("CLUSTER", "NODES").text ?? "", host: connection.host, subject: endpoint.description)
      guard let epoch = state.number("cluster_current_epoch"), let own = reply.myself else {
        throw DrillError(
          .protocolViolation, subject: endpoint.description,
          detail: "CLUSTER NODES names no node as the one that was asked")
      }
      let view = NodeView(
        node: own.id, endpoint: endpoint.description, isMaster: own.isMaster, currentEpoch: epoch,
        claims: reply.lines.filter(\.isMaster).map {
          NodeView.Claim(master: $0.id, configEpoch: $0.configEpoch, slots: $0.slots)
        }, marks: own.moves)
      let others = reply.lines.filter { $0.id != own.id && !$0.flags.contains("handshake") }
      return (
        view,
        Dictionary(
          others.map { node in
            let place = Endpoint.tcp(host: node.host, port: node.port)
            return (node.id, node.flags.contains("noaddr") ? nil : addresses.reachable(place))
          },
          uniquingKeysWith: { first, _ in first })
      )
    }
  }
}
