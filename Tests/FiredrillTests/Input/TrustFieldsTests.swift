import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("What a drill says of the keys that it trusts")
struct TrustFieldsTests {
  private func read(_ trust: String) async throws -> TrustSection {
    try await TestBench.with { bench in
      try bench.write("cluster: shop\nengine: sqlite\nfiles: [{shard: only, path: app.sqlite}]\n", to: "shop.yaml")
      let path = try bench.write(
        "drill: d\ncluster: shop.yaml\ncatalog: backups\ntrust: \(trust)\n", to: "drill.yaml")
      var section = try DrillFile.read(path: path).trust
      for index in section.entries.indices {
        section.entries[index].path = (section.entries[index].path as NSString).lastPathComponent
      }
      return section
    }
  }

  @Test("is one key, a list, or a mapping with how many have to sign")
  func forms() async throws {
    #expect(try await read("seal.pub") == TrustSection(["seal.pub"]))
    #expect(try await read("[seal.pub, other.pub]") == TrustSection(["seal.pub", "other.pub"]))
    #expect(try await read("[{key: seal.pub}]") == TrustSection(["seal.pub"]))
    let two = try await read(
      """
      {threshold: 2, keys: [seal.pub, {key: old.pub, from: 2025-01-01T00:00:00Z, until: 2026-01-31T00:00:00Z,
        revoked: 2026-02-03T00:00:00Z, purpose: [backup, gate]}]}
      """)
    let old = two.entries[1]
    #expect(two.threshold == 2 && two.entries[0].revoked == nil && old.path == "old.pub")
    #expect(
      old.from == Instant(parsing: "2025-01-01T00:00:00Z") && old.until == Instant(parsing: "2026-01-31T00:00:00Z"))
    #expect(old.revoked == Instant(parsing: "2026-02-03T00:00:00Z") && old.purposes == ["backup", "gate"])
  }

  @Test(
    "is refused with its place where it makes no sense",
    arguments: [
      "{threshold: 2}", "{threshold: 0, keys: [a]}", "{threshold: 2, keys: [a]}", "{threshold: 2, keys: [a, {key: a}]}",
      "[{from: 2025-01-01T00:00:00Z}]", "[{key: a, until: soon}]", "[{key: a, purpose: []}]",
      "[{key: a, purpose: other}]", "[{key: a, untl: 2025-01-01T00:00:00Z}]", "[[a]]",
      "[{key: a, from: 2026-01-01T00:00:00Z, until: 2025-01-01T00:00:00Z}]", "{keys: [a], more: b}",
    ])
  func refused(_ trust: String) async throws {
    await #expect {
      _ = try await read(trust)
    } throws: {
      ($0 as? DrillError)?.code == .badFile && ($0 as? DrillError)?.subject.contains("drill.yaml:") == true
    }
  }
}
