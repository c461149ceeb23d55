import DrillEvidence
public import DrillModel

/// What judging a topology came to, with what was looked at.
public struct TopologyVerdict: Sendable, Codable {
  /// The cluster's name, or the file's.
  public var subject: String
  public var epoch: UInt64
  /// How many nodes were asked; 0 for a file, and for engines whose nodes have no view of their own.
  public var nodes: Int
  public var shards: Int
  /// Slots that were looked at: all there are, or none where slots do not say which shard holds a record.
  public var slots: Int
  public var moves: Int
  public var findings: [Finding]
  public var notAsked: [NodeView]
  public var verdict: Verdict

  init(subject: String, topology: Topology, nodes: Int, findings: [Finding], notAsked: [NodeView]) {
    self.subject = subject
    epoch = topology.epoch
    self.nodes = nodes
    shards = topology.shards.count
    slots = topology.mapsSlots ? Slot.count : 0
    moves = topology.moves.count
    self.findings = findings
    self.notAsked = notAsked
    verdict = !findings.isEmpty ? .fail : notAsked.isEmpty && topology.mapsSlots ? .pass : .inconclusive
  }

  /// For people.
  public var text: String {
    var lines = [
      "\(verdict.rawValue)  \(subject), epoch \(epoch): \(slots == 0 ? "slots do not say which shard holds a record, and nothing was judged" : "\(slots) slots in \(shards) shard\(shards == 1 ? "" : "s"), \(moves) move\(moves == 1 ? "" : "s") in flight")"
        + (nodes > 0 ? ", as \(nodes) node\(nodes == 1 ? "" : "s") say" : "")
    ]
    lines += notAsked.map { "not asked  \($0.node.prefix(12)) at \($0.endpoint): \($0.problem ?? "")" }
    if !findings.isEmpty { lines.append(FindingsText.listed(findings)) }
    return lines.joined(separator: "\n")
  }
}
