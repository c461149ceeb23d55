import DrillEngines
import DrillEvidence
import DrillModel
import Foundation
import Testing

@testable import Firedrill

/// Files of people, cut off, changed and made to do harm: refused with their place, or read as something else, and never
/// the program's end.
@Suite("A YAML file")
struct YAMLHostileTests {
  private static let drill = """
    drill: nightly
    cluster: cluster.yaml
    catalog: /srv/backups
    backup: latest
    signature: optional
    level: content
    reference: [captured]
    objectives: {rto: 1m, mismatches: 0}

    """
  private static let cluster = """
    cluster: app
    engine: sqlite
    files:
      - {shard: west, path: west.sqlite, slots: 0-8191}
      - {shard: east, path: east.sqlite, slots: "8192-16383"}

    """
  private static let workload = """
    workload: w
    engine: redis
    rate: 100
    schedule: {daily: office, compress: 1h}
    mix:
      - {verb: get, weight: 3}

    """
  private static let policy = """
    gate: cutover
    clusters: [app]
    valid: 2h
    final: {level: content, passed_within: 24h}

    """
  private static let rule = "retention: app\nclasses: {daily: {keep: 14d, keep_last: 3}}\n"
  private static let topology = "epoch: 7\nshards:\n  - {shard: a, slots: 0-8191}\n  - {shard: b, slots: 8192-16383}\n"

  /// A kind of file: its text, and whether another text reads as the same.
  struct Kind: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var text: String
    var read: @Sendable (String) throws -> String
  }

  static let kinds = [
    Kind(testDescription: "drill", text: drill) { text in
      var read = try DrillFile.read(
        texts: ["d.yaml": text, "cluster.yaml": cluster, "workload.yaml": workload], name: "d.yaml", folder: "/nowhere")
      read.texts = [:]
      return "\(read)"
    },
    Kind(testDescription: "cluster", text: cluster) {
      "\(try ClusterFile.read("c.yaml", texts: FileTexts(folder: "/nowhere", kept: ["c.yaml": $0])))"
    },
    Kind(testDescription: "workload", text: workload) {
      "\(try WorkloadFile.read("w.yaml", texts: FileTexts(folder: "/nowhere", kept: ["w.yaml": $0])))"
    },
    Kind(testDescription: "gate policy", text: policy) { text in
      let policy = try GatePolicyReader(name: "p.yaml", text: text).policy()
      return "\(policy.name) \(policy.clusters) \(policy.validity) \(policy.readiness) \(policy.final)"
    },
    Kind(testDescription: "retention rule", text: rule) {
      "\(try RetentionRuleReader(name: "r.yaml", texts: FileTexts(folder: "/nowhere", kept: ["r.yaml": $0])).rule())"
    },
    Kind(testDescription: "topology", text: topology) {
      "\(try TopologyFile.read($0, file: "t.yaml", engine: RedisEngine()))"
    },
  ]

  private func outcome(_ kind: Kind, _ bytes: [UInt8]) -> String? {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    do {
      return try kind.read(text)
    } catch {
      #expect((error as? DrillError)?.code == .badFile, "\(kind.testDescription): \(error)")
      return nil
    }
  }

  @Test("that is cut off anywhere is refused, or means less", arguments: kinds)
  func truncation(kind: Kind) throws {
    let bytes = Array(kind.text.utf8)
    let whole = try kind.read(kind.text)
    var refused = 0
    for end in bytes.indices {
      // The last line break says nothing.
      guard let read = outcome(kind, Array(bytes[..<end])) else {
        refused += 1
        continue
      }
      #expect(read != whole || end >= bytes.count - 2, "cut off at \(end)")
    }
    #expect(refused > bytes.count / 3, "\(refused) of \(bytes.count)")
  }

  @Test("with a changed byte is refused as a bad file or read, and nothing else", arguments: kinds)
  func flips(kind: Kind) throws {
    let bytes = Array(kind.text.utf8)
    var refused = 0
    for index in bytes.indices {
      for mask: UInt8 in [0x01, 0x04, 0x10, 0x60] {
        var changed = bytes
        changed[index] ^= mask
        if outcome(kind, changed) == nil { refused += 1 }
      }
    }
    #expect(refused > bytes.count * 2, "\(refused) of \(bytes.count * 4)")
  }

  /// - Returns: the error's words and place.
  private func refusal(_ text: String) throws -> (detail: String, subject: String) {
    do {
      _ = try YAMLSection(file: "f.yaml", text: text)
    } catch let error as DrillError {
      #expect(error.code == .badFile)
      return (error.detail, error.subject)
    }
    Issue.record("it was read")
    return ("", "")
  }

  @Test("whose anchors stand for anchors that stand for anchors is refused before they are followed")
  func aliases() throws {
    let names = (0..<30).map { "a\($0)" }
    let bomb = zip(names, names.dropFirst()).map { "\($1): &\($1) [*\($0), *\($0)]" }
    let (detail, subject) = try refusal("a0: &a0 [x, x]\n" + bomb.joined(separator: "\n") + "\n? *a29\n: 1\n")
    #expect(detail.contains("more than 12 words begin with '*'"))
    #expect(subject == "f.yaml:8:10")
    // A few that multiply the values beyond what is read.
    let list = "[" + String(repeating: "x,", count: 30_000) + "]"
    let few = "a: &a \(list)\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n"
    #expect(try refusal(few).detail.contains("more than 200000 values"))
    // What people write.
    let neighbour = try YAMLSection(
      file: "f.yaml", text: "a: &a {x: 1}\nb: *a\nc: \"* *a *b\"\nd: [*a, *a]\n# * a list\n")
    #expect(try neighbour.section("b")?.integer("x", in: 0...9) == 1)
  }

  @Test("that is nested deeper than anybody writes, or larger, is refused")
  func limits() throws {
    for depth in [40, 900, 100_000] {
      let open = String(repeating: "[", count: depth)
      #expect(!(try refusal("a: \(open)\(String(repeating: "]", count: depth))\n")).detail.isEmpty)
      #expect(!(try refusal("a: \(open)")).detail.isEmpty)
      #expect(!(try refusal(String(repeating: "- ", count: depth) + "x")).detail.isEmpty)
    }
    #expect(
      try refusal("a: \(String(repeating: "[", count: 40))\(String(repeating: "]", count: 40))").detail.contains(
        "nested deeper than 32"))
    #expect(try refusal("a: " + String(repeating: "x", count: 1 << 20)).detail.contains("larger than 1 MiB"))
    let many = (0..<90_000).map { "k\($0): 1" }.joined(separator: "\n")
    let section = try YAMLSection(file: "f.yaml", text: many)
    #expect(throws: DrillError.self) { try section.finish() }
    let long = try YAMLSection(file: "f.yaml", text: String(repeating: "y", count: 1000) + ": 1")
    #expect(throws: DrillError.self) {
      _ = try long.text("drill")
      try long.finish()
    }
  }

  @Test("takes no time of day for a number, however long")
  func sexagesimal() throws {
    let section = try YAMLSection(
      file: "f.yaml", text: "a: 99999999999999:59:59:59:59:59:59:59\nb: 1:30\nc: 90\nd: 0x10\ne: 1_000\n")
    for field in ["a", "b"] {
      #expect(throws: DrillError.self) { try section.integer(field, in: 0...Int.max) }
      #expect(throws: DrillError.self) { try section.real(field, in: 0...1e30) }
    }
    #expect(try section.integer("c", in: 0...100) == 90)
    #expect(try section.integer("d", in: 0...100) == 16)
    #expect(try section.integer("e", in: 0...1000) == 1000)
  }
}
