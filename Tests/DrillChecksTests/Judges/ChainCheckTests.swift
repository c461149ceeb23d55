import DrillChecks
import DrillCrypto
import DrillModel
import Testing

@Suite("chain check")
struct ChainCheckTests {
  /// Positions are numbers, and those of another history carry a letter.
  private let check = ChainCheck { a, b in
    guard let a = Int(a), let b = Int(b) else { return a == b ? 0 : nil }
    return a - b
  }

  /// A catalog as a dictionary, with what was asked of it.
  private final class Shelf {
    var links: [String: ChainCheck.Link] = [:]
    var unusable: [String: String] = [:]
    private(set) var asked: [String] = []

    func known(_ id: String) -> ChainCheck.Known {
      asked.append(id)
      if let reason = unusable[id] { return .unusable(reason) }
      return links[id].map { .link($0) } ?? .absent
    }

    func increments(on id: String) -> [String] {
      byPredecessor[id] ?? []
    }
    lazy var byPredecessor = Dictionary(
      grouping: links.values.compactMap { $0.manifest.predecessor == nil ? nil : $0.manifest }
    ) { $0.predecessor?.backup ?? "" }.mapValues { $0.map(\.backup) }
  }

  /// `shop-0` is full, each later one an increment on the one before.
  private func shelf(_ count: Int, _ change: (Int, inout Manifest) -> Void = { _, _ in }) -> Shelf {
    let shelf = Shelf()
    var before: ChainCheck.Link?
    for number in 0..<count {
      var manifest = SyntheticBackup().manifest
      manifest.backup = "shop-\(number)"
      manifest.cut.positions = ["a": "\(number * 10)", "b": "\(number * 10)"]
      for index in manifest.artifacts.indices {
        manifest.artifacts[index].digest = SHA256.digest([UInt8(number % 250), UInt8(number / 250), UInt8(index)])
      }
      if let before {
        manifest.kind = .incremental
        manifest.predecessor = .init(backup: before.manifest.backup, manifest: before.digest)
        manifest.since = before.manifest.cut.positions
      }
      change(number, &manifest)
      let link = ChainCheck.Link(manifest: manifest, digest: digest(manifest))
      shelf.links["shop-\(number)"] = link
      before = link
    }
    return shelf
  }

  private func digest(_ manifest: Manifest) -> Digest { SHA256.digest((try? manifest.statement.payload()) ?? []) }

  private func result(_ shelf: Shelf, tip: String) throws -> ChainCheck.Result {
    check.check(try #require(shelf.links[tip]), known: shelf.known, increments: shelf.increments)
  }

  private func expect(
    _ code: FindingCode, _ shelf: Shelf, tip: String = "shop-3", at backup: String,
    location: SourceLocation = #_sourceLocation
  ) throws {
    let found = try result(shelf, tip: tip).findings
    #expect(found.map(\.code) == [code], sourceLocation: location)
    #expect(found.allSatisfy { $0.stage == .manifest && $0.subject.backup == backup }, sourceLocation: location)
  }

  @Test("a full backup and a whole chain pass, oldest link first, each link asked for once")
  func clean() throws {
    let shelf = shelf(4)
    #expect(try result(shelf, tip: "shop-0").links.map(\.manifest.backup) == ["shop-0"])
    #expect(shelf.asked.isEmpty)
    let whole = try result(shelf, tip: "shop-3")
    #expect(whole.findings.isEmpty)
    #expect(whole.links.map(\.manifest.backup) == ["shop-0", "shop-1", "shop-2", "shop-3"])
    #expect(shelf.asked == ["shop-2", "shop-1", "shop-0"])
  }

  @Test("a predecessor that is missing, unusable, unnamed, or ends before the increment begins is chain-gap")
  func gap() throws {
    let missing = shelf(4)
    missing.links["shop-1"] = nil
    try expect(.chainGap, missing, at: "shop-2")
    let unusable = shelf(4)
    unusable.unusable["shop-0"] = "manifest-unsigned, no signature"
    try expect(.chainGap, unusable, at: "shop-1")
    try expect(.chainGap, shelf(4) { if $0 == 2 { $1.predecessor = nil } }, at: "shop-2")
    try expect(.chainGap, shelf(4) { if $0 == 2 { $1.since?["b"] = "15" } }, at: "shop-2")
  }

  @Test("a chain that leads back to itself is chain-cycle")
  func cycle() throws {
    let shelf = shelf(4)
    var manifest = try #require(shelf.links["shop-1"]?.manifest)
    manifest.predecessor = .init(backup: "shop-3", manifest: try #require(shelf.links["shop-3"]).digest)
    shelf.links["shop-1"] = .init(manifest: manifest, digest: try #require(shelf.links["shop-1"]).digest)
    let codes = try result(shelf, tip: "shop-3").findings.map(\.code)
    #expect(codes == [.chainCycle])
    var own = manifest
    own.predecessor?.backup = "shop-1"
    shelf.links["shop-1"]?.manifest = own
    #expect(try result(shelf, tip: "shop-1").findings.map(\.code) == [.chainCycle])
  }

  @Test("two increments on a link are chain-fork for whoever is above it, and nobody's business below")
  func fork() throws {
    let shelf = shelf(4)
    var other = try #require(shelf.links["shop-2"]?.manifest)
    other.backup = "shop-x"
    shelf.links["shop-x"] = .init(manifest: other, digest: digest(other))
    try expect(.chainFork, shelf, at: "shop-2")
    try expect(.chainFork, shelf, tip: "shop-x", at: "shop-x")
    #expect(try result(shelf, tip: "shop-1").findings.isEmpty)
  }

  @Test("an increment that begins before its predecessor's cut, or ends before it begins, is chain-overlap")
  func overlap() throws {
    try expect(.chainOverlap, shelf(4) { if $0 == 2 { $1.since?["a"] = "9" } }, at: "shop-2")
    try expect(.chainOverlap, shelf(3) { if $0 == 2 { $1.cut.positions["a"] = "3" } }, tip: "shop-2", at: "shop-2")
  }

  @Test("a predecessor of the right name and another digest is chain-swapped")
  func swapped() throws {
    try expect(.chainSwapped, shelf(4) { if $0 == 2 { $1.predecessor?.manifest = SHA256.digest([7]) } }, at: "shop-2")
  }

  @Test("a link with another link's changes is chain-repeated; one that has none of its own is not")
  func repeated() throws {
    let same = SHA256.digest([42])
    func shelf(_ change: @escaping (inout Manifest) -> Void) -> Shelf {
      self.shelf(4) { number, manifest in
        guard number == 1 || number == 3, let index = manifest.artifacts.firstIndex(where: { $0.shard == "a" }) else {
          return
        }
        manifest.artifacts[index].digest = same
        change(&manifest)
      }
    }
    try expect(.chainRepeated, shelf { _ in }, at: "shop-3")
    let idle = shelf { $0.cut.positions["a"] = $0.since?["a"] }
    #expect(try result(idle, tip: "shop-3").findings.isEmpty)
  }

  @Test("a predecessor of another cluster, engine or history is chain-foreign")
  func foreign() throws {
    try expect(.chainForeign, shelf(4) { if $0 < 2 { $1.cluster = "bank" } }, at: "shop-2")
    try expect(.chainForeign, shelf(4) { if $0 < 2 { $1.engine = "sqlite" } }, at: "shop-2")
    try expect(.chainForeign, shelf(4) { if $0 == 2 { $1.since?["a"] = "other:10" } }, at: "shop-2")
  }

  @Test("an epoch that goes back, and shards that the predecessor does not have, are chain-epoch")
  func epoch() throws {
    try expect(.chainEpoch, shelf(4) { $1.topology.epoch = $0 == 1 ? 9 : $0 < 1 ? 1 : 8 }, at: "shop-2")
    #expect(try result(shelf(4) { $1.topology.epoch = UInt64($0) }, tip: "shop-3").findings.isEmpty)
    try expect(
      .chainEpoch,
      shelf(4) { number, manifest in
        guard number < 2 else { return }
        manifest.artifacts.removeAll { $0.shard == "b" }
        manifest.cut.positions["b"] = nil
        manifest.since?["b"] = nil
      }, at: "shop-2")
  }

  @Test("a thousand links take no noticeable time, and each is asked for once")
  func thousand() throws {
    let shelf = shelf(1000)
    _ = shelf.byPredecessor
    let start = ContinuousClock.now
    let whole = try result(shelf, tip: "shop-999")
    let elapsed = start.duration(to: .now)
    #expect(whole.findings.isEmpty && whole.links.count == 1000)
    #expect(Set(shelf.asked).count == 999 && shelf.asked.count == 999)
    print("1,000 links: \(elapsed)")
  }

  @Test(
    "what an artifact says of itself is held against its manifest: chain-swapped, artifact-unreadable, increment-conflict"
  )
  func facts() throws {
    let shelf = shelf(3)
    let manifest = try #require(shelf.links["shop-2"]).manifest
    let artifact = try #require(manifest.artifacts.first { $0.role == .data && $0.shard == "a" })
    func codes(_ facts: IncrementFacts) -> [FindingCode] { check.check(facts, of: artifact, in: manifest).map(\.code) }
    #expect(codes(IncrementFacts()).isEmpty)
    #expect(codes(IncrementFacts(from: "10", to: "20", shard: "a")).isEmpty)
    #expect(codes(IncrementFacts(from: "10", to: "20", shard: "b")) == [.chainSwapped])
    #expect(codes(IncrementFacts(from: "0", to: "20", shard: "a")) == [.chainSwapped])
    #expect(codes(IncrementFacts(from: "10", to: "30", shard: "a")) == [.chainSwapped])
    #expect(codes(IncrementFacts(problems: [.init(.undecodable, detail: "damage")])) == [.artifactUnreadable])
    #expect(codes(IncrementFacts(problems: [.init(.conflict, detail: "no such row")])) == [.incrementConflict])
  }
}
