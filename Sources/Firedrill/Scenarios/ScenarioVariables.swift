import DrillEngines
import DrillModel

/// What `$name` stands for in a scenario's words.
///
/// Two data artifacts of the backup are drawn by seed, and all that belongs to them has their names: `$artifact` and `$other_artifact` (the file below the
/// catalog), `$name` and `$other_name` (below the backup), `$index` and `$other_index` (its place in the manifest's list), `$shard` and `$other_shard`,
/// `$shard_index` and `$other_shard_index` (its place in the topology), `$slots` and `$other_slots` (as ranges), `$slot` and
/// `$other_slot` (the first of them).
enum ScenarioVariables {
  static func all(of base: StandingBase, seed: UInt64) throws -> [String: String] {
    var variables = base.variables
    guard let backup = base.variables["backup"] else { return variables }
    let manifest = try Firedrill.inspect(backup: backup, catalog: base.folder + "/backups").manifest
    var data = manifest.artifacts.indices.filter { manifest.artifacts[$0].role == .data }
    data.sort { manifest.artifacts[$0].name < manifest.artifacts[$1].name }
    var random = SeededGenerator(seed: seed, purpose: "artifacts of a scenario")
    random.shuffle(&data)
    for (prefix, index) in zip(["", "other_"], data) {
      let artifact = manifest.artifacts[index]
      variables["\(prefix)artifact"] = "\(backup)/\(artifact.name)"
      variables["\(prefix)name"] = artifact.name
      variables["\(prefix)index"] = String(index)
      guard let place = manifest.topology.shards.firstIndex(where: { $0.name == artifact.shard }) else { continue }
      variables["\(prefix)shard"] = artifact.shard
      variables["\(prefix)shard_index"] = String(place)
      variables["\(prefix)slot"] = manifest.topology.shards[place].slots.slots.first?.description
      variables["\(prefix)slots"] = manifest.topology.shards[place].slots.description
    }
    return variables
  }
}
