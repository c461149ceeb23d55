/// What `firedrill replay` asks of whom.
public struct ReplayRequest: Sendable {
  /// Path of the workload file.
  public var workload: String
  /// A store's URL: see ``DiffRequest``.
  public var store: String
  /// Each replaces what the workload says; nil leaves it.
  public var operations: Int?
  public var connections: Int?
  public var pipelining: Int?
  /// Operations a second.
  public var rate: Double?
  public var duration: Duration?
  public var seed: UInt64
  /// Whether nothing holds the reads back, not even growing latency: for stores that are not production.
  public var isAtFullSpeed: Bool

  public init(
    workload: String, store: String, operations: Int? = nil, connections: Int? = nil, pipelining: Int? = nil,
    rate: Double? = nil, duration: Duration? = nil, seed: UInt64 = 1, isAtFullSpeed: Bool = false
  ) {
    self.workload = workload
    self.store = store
    self.operations = operations
    self.connections = connections
    self.pipelining = pipelining
    self.rate = rate
    self.duration = duration
    self.seed = seed
    self.isAtFullSpeed = isAtFullSpeed
  }
}
