internal import DrillModel

/// The order in which masters are paused.
///
/// `MIGRATE` makes its source wait for its target, `PING` and all: a paused target freezes the source. So sources of
/// moves in flight are paused before their
/// targets, and released after them.
enum PauseOrder {
  /// Groups of shards to be paused one group after the other; shards of a group in any order. Source: FORMATS, measured
  /// on redis 7.0.15.
  ///
  /// - Throws: `DrillError` with `capture-refused` where moves go in a circle.
  static func groups(shards: [String], moves: [Topology.Move]) throws -> [[String]] {
    var waiting = shards
    var groups: [[String]] = []
    while !waiting.isEmpty {
      let open = Set(waiting)
      let targets = Set(moves.filter { open.contains($0.source) && $0.source != $0.target }.map(\.target))
      let free = waiting.filter { !targets.contains($0) }
      guard !free.isEmpty else {
        throw DrillError(
          .captureRefused, subject: waiting.joined(separator: ", "),
          detail:
            "slots are moving in a circle between these shards; whichever is paused first would freeze another. Wait for the moves to end"
        )
      }
      groups.append(free)
      waiting.removeAll { !targets.contains($0) }
    }
    return groups
  }
}
