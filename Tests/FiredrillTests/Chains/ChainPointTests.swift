import DrillChecks
import DrillModel
import Foundation
import Testing

@testable import Firedrill

@Suite("A point of a chain")
struct ChainPointTests {
  /// Positions are numbers; it reads and restores nothing.
  private struct NumberedEngine: ChainRestoring {
    var restoresWithinLinks = true
    var name: String { "numbered" }
    func slot(ofKey key: [UInt8]) -> Slot { Slot(0) }
    func readArtifact(_ file: ArtifactFile, selection: RecordSelection, into handler: RecordHandler) throws -> ReadFacts
    {
      ReadFacts()
    }
    func withSandbox<R: Sendable>(
      _ request: SandboxRequest, _ body: (any Sandbox) async throws -> R
    ) async throws -> R {
      throw DrillError(.serverMissing, detail: "none")
    }
    func withLive<R: Sendable>(
      _ cluster: ClusterDescription, _ body: (any LiveCluster) async throws -> R
    ) async throws -> R {
      throw DrillError(.unreachable, detail: "none")
    }
    func incrementFacts(_ file: ArtifactFile) throws -> IncrementFacts { IncrementFacts() }
    func order(_ position: String, _ other: String) -> Int? {
      guard let a = Int(position), let b = Int(other) else { return nil }
      return a - b
    }
    func assemble(_ chain: ShardChain, upTo point: RestorePoint, in folder: String) throws -> AssembledShard {
      AssembledShard(file: chain.base)
    }
  }

  private func time(_ seconds: Int64) -> Instant { Instant(millisecondsSince1970: seconds * 1000) }

  /// Four links, with cuts at 100, 200, 300 and 400 seconds and positions of the same numbers.
  private var links: [ChainCheck.Link] {
    (1...4).map { number in
      ChainCheck.Link(
        manifest: Manifest(
          backup: "b\(number)", cluster: "c", engine: "numbered", engineVersion: "1",
          cut: Cut(
            time: time(Int64(number) * 100), coherence: .coherent,
            positions: ["a": "\(number * 100)", "b": "\(number * 100)"], proof: []),
          scope: .init(), topology: Topology(epoch: 1, shards: []), artifacts: []),
        digest: Digest(words: (0, 0, 0, UInt64(number))))
    }
  }

  private func target(_ point: ChainPoint, within: Bool = true, other: [String: String]? = nil) throws -> ChainTarget {
    try point.target(in: links, of: NumberedEngine(restoresWithinLinks: within)) { _ in
      other.map { Cut(time: time(250), coherence: .coherent, positions: $0, proof: []) }
    }
  }

  @Test("a time between two cuts is within the link that leads past it, or is rounded down")
  func times() throws {
    let within = try target(.time(time(250)))
    #expect(within.links.map(\.manifest.backup) == ["b1", "b2", "b3"] && within.point == .time(time(250)))
    #expect(within.time == time(250) && within.notes.isEmpty)
    let rounded = try target(.time(time(250)), within: false)
    #expect(rounded.links.map(\.manifest.backup) == ["b1", "b2"] && rounded.point == .end)
    #expect(rounded.notes.first?.contains("rounded down to \(time(200)), the cut of b2") == true)
    for (seconds, count) in [(100, 1), (300, 3), (400, 4)] as [(Int64, Int)] {
      let exact = try target(.time(time(seconds)))
      #expect(exact.links.count == count && exact.point == .end)
    }
    #expect(try target(.cut).links.count == 4)
  }

  @Test("a time before the chain or after it is told with the window", arguments: [99, 401] as [Int64])
  func outside(_ seconds: Int64) throws {
    let error = #expect(throws: ChainPoint.Unreachable.self) { _ = try target(.time(time(seconds))) }
    #expect(error?.expected == "a point of the chain from b1, \(time(100)), to b4, \(time(400))")
    #expect(error?.observed == "\(time(seconds)) lies \(seconds < 200 ? "before" : "after") it")
  }

  @Test("a drawn time lies within the window, and one seed draws one time")
  func drawn() throws {
    var times: Set<Instant> = []
    for seed in 1...200 {
      let target = try target(.random(seed: UInt64(seed)))
      let time = try #require(target.time ?? target.links.last?.manifest.cut.time)
      #expect((self.time(100)...self.time(400)).contains(time))
      #expect(try self.target(.random(seed: UInt64(seed))).asked == target.asked)
      times.insert(time)
    }
    #expect(times.count > 150)
  }

  @Test("another backup's cut is a link's, within a link, or nowhere on the chain")
  func positions() throws {
    let same = try target(.backup("x"), other: ["a": "200", "b": "200"])
    #expect(same.links.count == 2 && same.point == .end)
    let between = try target(.backup("x"), other: ["a": "250", "b": "201"])
    #expect(between.links.count == 3 && between.point == .positions(["a": "250", "b": "201"]))
    #expect(between.time == time(250))
    // One shard stands at a link's cut and the other past it.
    let uneven = try target(.backup("x"), other: ["a": "200", "b": "260"])
    #expect(uneven.links.count == 3)
    for (positions, words) in [
      (["a": "50", "b": "60"], "lies before it"), (["a": "450", "b": "450"], "lies after it"),
      (["a": "other", "b": "200"], "another history"), (["a": "200"], "other shards"),
    ] {
      let error = #expect(throws: ChainPoint.Unreachable.self) { _ = try target(.backup("x"), other: positions) }
      #expect(error?.observed.contains(words) == true, "\(positions)")
    }
    let none = #expect(throws: ChainPoint.Unreachable.self) { _ = try target(.backup("x")) }
    #expect(none?.observed == "the catalog holds no such backup that may be used")
    let rounded = #expect(throws: ChainPoint.Unreachable.self) {
      _ = try target(.backup("x"), within: false, other: ["a": "250", "b": "250"])
    }
    #expect(rounded?.observed.contains("no link's cut is the cut of backup x") == true)
  }

  @Test("a run up to a point between two cuts states the topology of the point, and not that of the link's cut")
  func stated() throws {
    var links = self.links
    func topology(_ epoch: UInt64, _ a: ClosedRange<Int>, _ b: ClosedRange<Int>) -> Topology {
      Topology(epoch: epoch, shards: [.init(name: "a", slots: SlotSet(a)), .init(name: "b", slots: SlotSet(b))])
    }
    for number in 0..<4 {
      links[number].manifest.topology = number < 2 ? topology(5, 0...9, 10...19) : topology(6, 0...7, 8...19)
    }
    let target = try ChainPoint.time(time(250)).target(in: links, of: NumberedEngine()) { _ in nil }
    let between = Run.BackupExamined(target, DrilledBackup(target, isTrusted: true))
    #expect(between.backup == "b3" && between.stated?.epoch == 5 && between.stated?.movesInFlight == 2)
    let end = try ChainPoint.time(time(300)).target(in: links, of: NumberedEngine()) { _ in nil }
    let whole = Run.BackupExamined(end, DrilledBackup(end, isTrusted: true))
    #expect(whole.backup == "b3" && whole.stated?.epoch == 6 && whole.stated?.movesInFlight == 0)
  }
}
