import DrillChecks
import DrillEvidence
import DrillModel

@testable import Firedrill

/// Checks whose faults take more than a captured backup: a topology, a rule of retention, a store under load. What each finds is in
/// the tests that are named; here is that their findings are theirs.
enum JudgedMutations {
  struct Row: Sendable {
    var check: Check
    /// Where its faults and their clean neighbours are.
    var tests: String
    var found: Set<FindingCode>
    var findings: @Sendable () -> [Finding]
  }

  private static func topology(_ change: (inout Topology) -> Void) -> [Finding] {
    var topology = Topology(
      epoch: 1,
      shards: [.init(name: "a", slots: SlotSet(0...8191)), .init(name: "b", slots: SlotSet(8192...16383))])
    change(&topology)
    return TopologyCheck.findings(topology)
  }

  static let rows = [
    Row(
      check: .ownership, tests: "TopologyCheckTests", found: [.slotUnowned],
      findings: { topology { $0.shards[1].slots.remove(Slot(9000)) } }),
    Row(
      check: .moveMarks, tests: "TopologyCheckTests", found: [.moveOneSided],
      findings: { topology { $0.moves = [.init(slot: Slot(9000), source: "a", target: "b")] } }),
  ]

  /// What is left to tests of its own, and why.
  static let elsewhere: [Check: String] = [
    .staleViews: "TopologyCheckTests: judges what live nodes say of each other, and never a backup",
    .retention: "RetentionPlanTests: judges a rule over manifests, in the target that may not know this one",
    .answersUnderLoad: "SandboxLoadDrillTests: its fault is a server that lies under load",
  ]
}
