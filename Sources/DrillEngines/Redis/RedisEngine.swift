public import DrillModel


/// Redis 7.0, standalone and Cluster: backups are RDB files, sandboxes are real servers.
public struct RedisEngine {
  public let name = "redis"
  private let tools: SandboxTools

  /// - Parameter tools: the programs that keep sandboxes apart; by default what this machine has.
  public init(tools: SandboxTools = .found()) { self.tools = tools }

  public func slot(ofKey key: [UInt8]) -> Slot { RedisSlot.slot(of: key) }

  /// How servers are kept apart on this machine, as tried out now.
  public func containment() async -> Containment { await Containment.probe(tools) }

  public func withSandbox<R: Sendable>(_ request: SandboxRequest, _ body: (any Sandbox) async throws -> R) async throws -> R {
    try await RedisSandbox.with(request, tools: tools) { try await body($0) }
  }
}
