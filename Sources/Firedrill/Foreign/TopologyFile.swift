import DrillModel
import Foundation

/// Reads a topology that a person hands over: a small YAML file, or a text of the server's own form.
///
/// ```yaml
/// epoch: 7
/// shards:
///   - {shard: a, slots: 0-8191}
///   - {shard: b, slots: 8192-16383}
/// moves:
///   - {slot: 52, source: a, target: b}
/// ```
enum TopologyFile {
  /// - Throws: `DrillError` with `bad-file`, with file, line and column.
  static func read(_ text: String, file name: String, engine: any ForeignArtifacts) throws -> Topology {
    if let stated = try engine.statedTopology(in: text) {
      guard !stated.shards.isEmpty else {
        throw DrillError(.badFile, subject: name, detail: "no node in it owns a slot")
      }
      return stated
    }
    let file = try YAMLSection(file: name, text: text)
    let epoch = try file.integer("epoch", in: 0...Int.max) ?? 0
    var mapped = 0
    let shards = try (file.sections("shards") ?? []).map { entry -> Topology.Shard in
      let name = try entry.requiredText("shard")
      let slots = try entry.text("slots").map { text -> SlotSet in
        guard let slots = SlotSet(parsing: text) else {
          throw entry.refuse("slots", "'slots' are ranges such as 0-4095,5000")
        }
        return slots
      }
      try entry.finish()
      mapped += slots == nil ? 0 : 1
      return Topology.Shard(name: name, slots: slots ?? .all)
    }
    guard !shards.isEmpty else { throw file.missing(["shards"], "a topology needs 'shards'") }
    guard Set(shards.map(\.name)).count == shards.count else { throw file.refuse("shards", "two shards have one name") }
    guard mapped == 0 || mapped == shards.count else {
      throw file.refuse("shards", "'slots' are stated for each shard, or for none: then each holds whatever it holds")
    }
    let moves = try (file.sections("moves") ?? []).map { entry -> Topology.Move in
      guard let slot = try entry.integer("slot", in: 0...(Slot.count - 1)) else {
        throw entry.missing(["slot"], "a move needs 'slot'")
      }
      let move = Topology.Move(
        slot: Slot(slot), source: try entry.requiredText("source"), target: try entry.requiredText("target"))
      for name in [move.source, move.target] where !shards.contains(where: { $0.name == name }) {
        throw entry.refuse("slot", "the topology has no shard '\(name)'")
      }
      try entry.finish()
      return move
    }
    try file.finish()
    return Topology(epoch: UInt64(epoch), shards: shards, moves: moves, mapsSlots: mapped > 0)
  }
}
