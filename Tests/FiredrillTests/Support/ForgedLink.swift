import DrillModel
import Firedrill
import Foundation
import GRDB
import Testing

@testable import DrillEngines

extension DrillBench {
  /// Makes link `number` carry one write more than happened, and seals it and all that was made on it. What was captured of the store at these
  /// cuts goes, so that nothing but another backup can tell.
  ///
  /// - Returns: the customer who was written to.
  func forge(_ number: Int, of chain: CapturedChain, deletedLater: Bool = false) throws -> Int64 {
    func rows(_ copy: Int) throws -> [Int64: [Int64]] {
      let queue = try DatabaseQueue(path: "\(folder)/copies/\(copy)/shard-0.sqlite")
      defer { try? queue.close() }
      return try queue.read { database in
        try Row.fetchAll(database, sql: "SELECT customer_id, version FROM customers").reduce(into: [:]) {
          $0[$1[0], default: []].append($1[1])
        }
      }
    }
    // One whom nothing happens to afterwards, so that no later link trips over it; or one who is deleted.
    let (before, own, after) = (try rows(number - 1), try rows(number), try rows(chain.links.count - 1))
    let customers = before.filter {
      deletedLater ? own[$0.key] == $0.value && after[$0.key] == nil : after[$0.key] == $0.value
    }
    let customer = try #require(customers.keys.min())
    let link = about(chain.links[number])
    let manifest = try link.manifest()
    let work = folder + "/forge"
    try FileManager.default.createDirectory(atPath: work + "/out", withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: "\(folder)/copies/\(number)/shard-0.sqlite", toPath: work + "/whole.sqlite")
    let queue = try DatabaseQueue(path: work + "/whole.sqlite")
    try queue.write {
      try $0.execute(sql: "UPDATE customers SET balance=-1.25 WHERE customer_id=?", arguments: [customer])
    }
    try queue.close()
    let made = try IncrementMaker(
      shard: "shard-0", base: "\(folder)/copies/\(number - 1)/shard-0.sqlite", whole: work + "/whole.sqlite",
      from: try #require(manifest.since?["shard-0"]), to: try #require(manifest.cut.positions["shard-0"]), work: work,
      folder: work + "/out"
    ).make()
    #expect(made.count == 1)
    let artifact = try #require(try link.dataArtifacts().first { $0.shard == "shard-0" })
    try FileManager.default.removeItem(atPath: link.path(of: artifact))
    try FileManager.default.copyItem(atPath: made[0].path, toPath: link.path(of: artifact))
    var predecessor: (String, Digest)?
    for id in chain.links[number...] {
      let link = about(id)
      try link.reseal { manifest in
        if let predecessor { manifest.predecessor = .init(backup: predecessor.0, manifest: predecessor.1) }
        for artifact in manifest.artifacts where artifact.role == .reference {
          try FileManager.default.removeItem(atPath: link.path(of: artifact))
        }
        manifest.artifacts.removeAll { $0.role == .reference }
        manifest.reference = nil
      }
      predecessor = (id, try Firedrill.inspect(backup: id, catalog: catalog).digest)
    }
    return customer
  }
}
