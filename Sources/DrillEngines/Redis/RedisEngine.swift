public import DrillModel
internal import Synchronization

/// Redis 7.0, standalone and Cluster: backups are RDB files or append-only logs, sandboxes are real servers.
public final class RedisEngine: Engine {
  public let name = "redis"
  private let tools: SandboxTools
  /// What the servers of this engine's sandboxes, and the live nodes that it is connected to, say that they are: never
  /// the same.
  private let known = Mutex(KnownServers())

  private struct KnownServers {
    var sandboxes: Set<String> = []
    var live: Set<String> = []
  }

  /// - Parameter tools: the programs that keep sandboxes apart; by default what this machine has.
  public init(tools: SandboxTools = .found()) { self.tools = tools }

  public func slot(ofKey key: [UInt8]) -> Slot { RedisSlot.slot(of: key) }

  public func readArtifact(
    _ file: ArtifactFile, selection: RecordSelection, into handler: RecordHandler
  ) throws -> ReadFacts {
    if file.isAOF { return try AOFReader().read(file, selection: selection, into: handler) }
    return try RDBReader().read(try FileByteSource(path: file.path), selection: selection, into: handler)
  }

  /// How servers are kept apart on this machine, as tried out now.
  public func containment() async -> Containment { await Containment.probe(tools) }

  /// Starts one `redis-server` per shard on a copy of its artifact. Where the clock is held, every record that had not
  /// expired at the request's clock is there.
  public func withSandbox<R: Sendable>(
    _ request: SandboxRequest, _ body: (any Sandbox) async throws -> R
  ) async throws -> R {
    try await RedisSandbox.with(request, tools: tools) { sandbox in
      try LiveGuard.check(sandboxRunIDs: sandbox.runIDs, liveRunIDs: known.withLock { $0.live })
      known.withLock { $0.sandboxes.formUnion(sandbox.runIDs) }
      defer { known.withLock { $0.sandboxes.subtract(sandbox.runIDs) } }
      return try await body(sandbox)
    }
  }

  /// Discovers all nodes from any of them. A cluster whose node is a sandbox's server is refused.
  public func withLive<R: Sendable>(
    _ cluster: ClusterDescription, _ body: (any LiveCluster) async throws -> R
  ) async throws -> R {
    try await RedisLiveCluster.with(cluster) { live in
      let runIDs = try await liveRunIDs(cluster)
      try LiveGuard.check(sandboxRunIDs: known.withLock { $0.sandboxes }, liveRunIDs: runIDs)
      known.withLock { $0.live.formUnion(runIDs) }
      return try await body(live)
    }
  }

  private func liveRunIDs(_ cluster: ClusterDescription) async throws -> Set<String> {
    let credentials = RedisCredentials(of: cluster)
    var found: Set<String> = []
    for node in try await RedisDiscovery.map(of: cluster, credentials).shards.flatMap({ [$0.master] + $0.replicas }) {
      // A node that is down cannot be a sandbox.
      guard
        let info = try? await RedisConnection.with(node.endpoint, credentials, { try await $0.ask("INFO", "server") })
      else { continue }
      if let runID = RedisInfo(info.text ?? "")["run_id"] { found.insert(runID) }
    }
    return found
  }
}
