/// What one node of a cluster says of itself and of the others.
public struct NodeView: Hashable, Sendable, Codable {
  /// A name that is stable while the node lives (Redis: the node id).
  public var node: String
  /// Where it was asked.
  public var endpoint: String
  /// Why it could not be asked; then it says nothing.
  public var problem: String?
  /// Whether it says that it is a master.
  public var isMaster: Bool
  /// The newest epoch that it knows of (Redis: `cluster_current_epoch`).
  public var currentEpoch: UInt64
  /// What it believes of every master, itself among them.
  public var claims: [Claim]
  /// The marks of its own slots: what moves away from it, and to it.
  public var marks: [Topology.Move]

  public init(
    node: String, endpoint: String, problem: String? = nil, isMaster: Bool = false, currentEpoch: UInt64 = 0,
    claims: [Claim] = [], marks: [Topology.Move] = []
  ) {
    self.node = node
    self.endpoint = endpoint
    self.problem = problem
    self.isMaster = isMaster
    self.currentEpoch = currentEpoch
    self.claims = claims
    self.marks = marks
  }

  /// Which slots a master owns, and since which epoch of its own configuration.
  public struct Claim: Hashable, Sendable, Codable {
    public var master: String
    public var configEpoch: UInt64
    public var slots: SlotSet

    public init(master: String, configEpoch: UInt64, slots: SlotSet) {
      self.master = master
      self.configEpoch = configEpoch
      self.slots = slots
    }
  }

  /// What it claims for itself; nil where it is no master, or could not be asked.
  public var own: Claim? { isMaster ? claims.first { $0.master == node } : nil }
}
