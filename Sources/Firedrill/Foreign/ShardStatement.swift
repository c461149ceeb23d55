import DrillModel
import Foundation

/// What a person states about the shards of files that do not tell them.
struct ShardStatement: Hashable, Sendable {
  var topology: Topology?
  /// Paths of files or folders, absolute, by their shard's name.
  var paths: [String: String] = [:]
  var slots: [String: SlotSet] = [:]
  /// Several stores of which each holds whatever it holds.
  var hasNoSlotMap = false

  /// Which shard each file is, and what the shards own.
  struct Assigned: Sendable {
    var topology: Topology
    /// By ``ForeignFolder/Found/name``.
    var shards: [String: String]
    /// Whether two files with records of one slot are one file too many.
    var isDisjoint: Bool
    /// How it is known, a sentence each.
    var proof: [String]
  }

  /// - Parameters:
  ///   - original: the path that a file had for the person who states this.
  ///   - seen: the slots that a file's keys show; asked only where nothing else tells its shard.
  /// - Throws: `DrillError` with `usage` where a file's shard cannot be told, or what is stated does not fit.
  func assign(
    _ found: [ForeignFolder.Found], shardsBySlot: Bool, original: (ForeignFolder.Found) -> String,
    seen: (ForeignFolder.Found) async throws -> SlotSet
  ) async throws -> Assigned {
    if topology != nil, !slots.isEmpty || hasNoSlotMap {
      throw DrillError(.usage, subject: "topology", detail: "a topology states the slots already; leave the other out")
    }
    var shards: [String: String] = [:]
    var proof: [String] = []
    for (shard, path) in paths.sorted(by: { $0.key < $1.key }) {
      let name = try fullName(shard)
      let named = found.filter { original($0) == path || original($0).hasPrefix(path + "/") }
      guard named.count == 1, shards[named[0].name] == nil else {
        throw DrillError(
          .usage, subject: "\(shard)=\((path as NSString).lastPathComponent)",
          detail: named.isEmpty
            ? "none of the artifacts lies there" : "a shard is named for one artifact, and an artifact has one shard")
      }
      shards[named[0].name] = name
      proof.append("shard \(name) is \(named[0].name): stated")
    }
    for part in found where shards[part.name] == nil {
      guard let topology else { continue }
      if let name = ShardStatement.named(by: part.name, in: topology) {
        shards[part.name] = name
        proof.append("shard \(name) is \(part.name): by its name")
      } else if topology.mapsSlots {
        let name = try owner(of: try await seen(part), part.name, in: topology, taken: Set(shards.values))
        shards[part.name] = name
        proof.append("shard \(name) is \(part.name): by the slots of its keys")
      } else {
        throw DrillError(
          .usage, subject: part.name, detail: "nothing says which shard this is; name it: \(ShardStatement.how)")
      }
    }
    if let topology { return Assigned(topology: topology, shards: shards, isDisjoint: false, proof: proof) }
    for (name, shard) in ShardStatement.ownNames(of: found.filter { shards[$0.name] == nil }, taken: shards) {
      shards[name] = shard
    }
    guard Set(shards.values).count == shards.count else {
      throw DrillError(.usage, subject: "shards", detail: "two artifacts have one shard's name")
    }
    return try withoutTopology(found, shards, proof, shardsBySlot: shardsBySlot)
  }

  static let how = "`--shard NAME=PATH`, or `shards: {NAME: PATH}` in a drill"

  private func withoutTopology(
    _ found: [ForeignFolder.Found], _ shards: [String: String], _ proof: [String], shardsBySlot: Bool
  ) throws -> Assigned {
    let names = found.compactMap { shards[$0.name] }
    if !slots.isEmpty {
      guard Set(slots.keys) == Set(names) else {
        throw DrillError(
          .usage, subject: "slots",
          detail:
            "slots are stated for each shard or for none; the shards are \(names.sorted().joined(separator: ", "))")
      }
      return Assigned(
        topology: Topology(epoch: 0, shards: names.map { .init(name: $0, slots: slots[$0] ?? SlotSet()) }),
        shards: shards, isDisjoint: false, proof: proof + ["the slots of each shard were stated"])
    }
    return Assigned(
      topology: Topology(
        epoch: 0, shards: names.map { .init(name: $0, slots: .all) }, mapsSlots: found.count == 1 && shardsBySlot),
      shards: shards, isDisjoint: shardsBySlot && !hasNoSlotMap && found.count > 1,
      proof: proof + ["no topology is known: a shard whose file is missing cannot be told from these files"])
  }

  /// The shard's whole name: a topology's names may be shortened as far as one remains.
  private func fullName(_ name: String) throws -> String {
    guard let topology else { return name }
    if topology.shard(named: name) != nil { return name }
    let fitting = topology.shards.filter { $0.name.hasPrefix(name) }
    guard fitting.count == 1, name.count >= 4 else {
      throw DrillError(
        .usage, subject: name,
        detail:
          "the topology has no shard of this name; it has \(topology.shards.map { String($0.name.prefix(12)) }.joined(separator: ", "))"
      )
    }
    return fitting[0].name
  }

  /// A node's id is found wherever it stands in a path; any other name has to be a whole part of it, but for its ending.
  private static func named(by path: String, in topology: Topology) -> String? {
    let parts = path.split(separator: "/").map { ($0 as NSString).deletingPathExtension }
    let fitting = topology.shards.filter { shard in
      shard.name.count >= 32 ? path.contains(shard.name) : parts.contains(shard.name)
    }
    return fitting.count == 1 ? fitting[0].name : nil
  }

  private func owner(
    of seen: SlotSet, _ name: String, in topology: Topology, taken: Set<String>
  ) throws -> String {
    if seen.isEmpty {
      let free = topology.shards.map(\.name).filter { !taken.contains($0) }
      if free.count == 1 { return free[0] }
      throw DrillError(
        .usage, subject: name,
        detail: "it holds no key that would say which shard it is; name it: \(ShardStatement.how)")
    }
    let scored = topology.shards.map { shard in
      (shard.name, topology.slotsAllowed(in: shard.name).intersection(seen).count)
    }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    guard let best = scored.first, best.1 > 0, scored.count == 1 || scored[1].1 < best.1 else {
      throw DrillError(
        .usage, subject: name,
        detail: "the slots of its keys belong to no shard more than to others; name it: \(ShardStatement.how)")
    }
    return best.0
  }

  /// The name of a file without its ending; where two would be alike, its folder's name or its whole path.
  private static func ownNames(of found: [ForeignFolder.Found], taken: [String: String]) -> [(String, String)] {
    func stem(_ path: String) -> String { ((path as NSString).lastPathComponent as NSString).deletingPathExtension }
    let folders = found.map { ($0.name as NSString).deletingLastPathComponent }
    let choices: [[String]] = [
      found.map { stem($0.name) }, folders.map { ($0 as NSString).lastPathComponent },
      found.map { ($0.name as NSString).deletingPathExtension.replacing("/", with: "-") },
    ]
    let known = Set(taken.values)
    let chosen =
      choices.first { names in
        Set(names).count == names.count && known.isDisjoint(with: names) && names.allSatisfy { !$0.isEmpty }
      } ?? found.map { $0.name.replacing("/", with: "-") }
    return zip(found.map(\.name), chosen).map { ($0, $1) }
  }
}
