import DrillEngines
import DrillModel
import DrillProduction
import Foundation
import Testing

/// Where each key of a cluster lies, as the nodes themselves say: `KEYS`, `DUMP` and `CLUSTER SLOTS` on a plain connection, and
/// none of our readers.
struct NodeScan: Sendable {
  /// Each node's keys with what `DUMP` says of them, by node id; nil where the node refuses to say.
  private(set) var keys: [String: [String: [UInt8]?]] = [:]
  /// The owner's node id of each slot.
  private(set) var owners: [Int: String] = [:]
  private(set) var slots: [String: Int] = [:]

  init(_ cluster: SyntheticRedisCluster) async throws {
    for master in cluster.masters {
      let (id, held, owners, slots) = try await RedisConnection.with(master) { connection in
        let id = try #require(try await connection.ask("CLUSTER", "MYID").text)
        let names = try #require(try await connection.ask("KEYS", "*").array).compactMap(\.text)
        let dumps = await connection.pipeline(
          names.flatMap { [[Array("ASKING".utf8)], [Array("DUMP".utf8), Array($0.utf8)]] }, timeout: .seconds(60))
        let places = await connection.pipeline(
          names.map { ["CLUSTER", "KEYSLOT", $0].map { Array($0.utf8) } }, timeout: .seconds(60))
        try #require(dumps.failure == nil && places.failure == nil)
        var held: [String: [UInt8]?] = [:]
        var slots: [String: Int] = [:]
        for (index, name) in names.enumerated() {
          held[name] = .some(dumps.values[index * 2 + 1].bytes)
          slots[name] = Int(try #require(places.values[index].integer))
        }
        var owners: [Int: String] = [:]
        for range in try await connection.ask("CLUSTER", "SLOTS").array ?? [] {
          guard let parts = range.array, parts.count > 2, let first = parts[0].integer, let last = parts[1].integer,
            let owner = parts[2].array, owner.count > 2
          else { continue }
          for slot in Int(first)...Int(last) { owners[slot] = owner[2].text }
        }
        return (id, held, owners, slots)
      }
      keys[id] = held
      self.owners = owners
      self.slots.merge(slots) { first, _ in first }
    }
  }

  func names(on node: String) -> Set<String> { Set((keys[node] ?? [:]).keys) }

  /// Keys of `slot` that both nodes hold, by whether `DUMP` says the same.
  func doubles(of slot: Int, _ source: String, _ target: String) -> (same: Set<String>, different: Set<String>) {
    let both = names(on: source).intersection(names(on: target)).filter { slots[$0] == slot }
    let same = both.filter { keys[source]?[$0] == keys[target]?[$0] }
    return (Set(same), both.subtracting(same))
  }

  /// Keys of slots that the node does not own, but for that of a slot on its way to it.
  func orphans(on node: String, receiving slot: Int?) -> Set<String> {
    names(on: node).filter { name in slots[name].map { owners[$0] != node && $0 != slot } ?? false }
  }
}
