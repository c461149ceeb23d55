import DrillModel

extension PlaybookPage {
  /// What is wrong with a topology, live or in a file.
  static func topology(_ code: FindingCode) -> PlaybookPage? {
    func page(_ confirm: [String], _ act: [String]) -> PlaybookPage {
      PlaybookPage(
        code, confirm: confirm, act: act, ends: "`firedrill topology check` over the same cluster finds nothing.")
    }
    switch code {
    case .slotUnowned:
      return page(
        [
          "`firedrill topology check CLUSTER.yaml` again: a slot that just changes hands is owned by nobody for an instant.",
          "`firedrill topology diff 1h live:CLUSTER.yaml --cluster NAME`: who owned the slots before?",
        ],
        [
          "Stop whatever is moving slots.",
          "Look for the slots' keys on the shard that owned them last (`CLUSTER COUNTKEYSINSLOT`), and give them back to it.",
          "No node has the keys: restore the slots from the last backup that covers them, and say how old it is.",
        ])
    case .slotContested:
      return page(
        [
          "`firedrill topology check CLUSTER.yaml` again: after a fail-over the old master gives up within the node timeout.",
          "Are the masters cut off from each other? Then each serves its own clients.",
        ],
        [
          "Stop writes to the slots, and the migration.",
          "`firedrill fingerprint` of both sides, or `firedrill diff`: which holds what the other does not?",
          "Let the one with the newest records keep the slot; keep a backup of the other before it gives the slot up.",
        ])
    case .moveOneSided:
      return page(
        [
          "`CLUSTER NODES` on both shards: which of them marks the slot, and as what?",
          "Is a migration tool running, or did one end in the middle? `firedrill migration show --cluster NAME`",
        ],
        [
          "Find out where the slot's keys lie: `CLUSTER COUNTKEYSINSLOT` on both shards.",
          "Keys on both: set the missing mark and let the move go on. All on one: `CLUSTER SETSLOT … NODE` for it on both, or `STABLE`.",
          "Take no backup until it is settled: keys on the unmarked side would be taken for strays.",
        ])
    case .viewStale:
      return page(
        [
          "`firedrill topology check CLUSTER.yaml` again in a minute.",
          "`CLUSTER INFO` and `CLUSTER LINKS` on the node: which links of its bus are down?",
        ],
        [
          "Put the network right; the node catches up by itself.",
          "Until then do not cut over: its clients are sent to the wrong shard, and it may vote for the wrong master.",
        ])
    default: return nil
    }
  }
}
