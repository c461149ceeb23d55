import DrillEngines
import DrillModel
import DrillProduction
import Firedrill
import Foundation
import Testing

/// A real cluster of three masters whose re-sharding was stopped in the middle of a slot.
private struct MovingCluster: Sendable {
  let cluster: SyntheticRedisCluster
  let home: String
  /// The slot in flight, and a hash tag of it.
  let slot: Int
  let tag: String
  /// Node ids of the masters: the first gives slots to the second.
  let nodes: [String]

  /// Slots that the re-sharding is to move; half of them are moved when it stops. A re-sharding of real size takes
  /// `FIREDRILL_RESHARD_SLOTS=4000`.
  static let slots = ProcessInfo.processInfo.environment["FIREDRILL_RESHARD_SLOTS"].flatMap { Int($0) } ?? 120
  static let keys = ProcessInfo.processInfo.environment["FIREDRILL_RESHARD_KEYS"].flatMap { Int($0) } ?? 900
  /// Keys in the slot that is left open.
  static let open = 24

  var one: SlotSet { SlotSet([Slot(slot)]) }

  static func with(
    isWriting: Bool = false, _ body: (MovingCluster) async throws -> Void
  ) async throws {
    try await TemporaryFolder.with { folder in
      let shape = SyntheticRedisCluster.Shape(replicasPerMaster: 0, syncDelaySeconds: 0)
      try await SyntheticRedisCluster.with(shape, name: "shop", below: folder) { cluster in
        let first = slots / 2
        let tag = (0...).lazy.map { "t\($0)" }.first {
          (first..<Slot.count / 3).contains(Int(RedisEngine().slot(ofKey: Array("{\($0)}".utf8)).rawValue))
        }
        let name = try #require(tag)
        try await cluster.send(
          (0..<keys).map { ["SET", "item:\($0)", "value \($0)"] }
            + (0..<open).map { ["SET", "{\(name)}:\($0)", "value \($0)"] })
        let home = folder + "/shop"
        try CapturedRedis.prepare(home, for: cluster)
        var nodes: [String] = []
        for index in cluster.masters.indices { nodes.append(try await cluster.nodeID(index)) }
        let moving = MovingCluster(
          cluster: cluster, home: home,
          slot: Int(RedisEngine().slot(ofKey: Array("{\(name)}".utf8)).rawValue), tag: name, nodes: nodes)
        try await moving.whileWriting(isWriting) {
          // The tool moves whole slots; what stops it leaves the next one open.
          try await cluster.reshard(slots: slots / 2, from: 0, to: 1)
          try await cluster.open(moving.one, from: 0, to: 1)
          try await cluster.moveKeys(of: moving.one, from: 0, to: 1, limit: open / 2)
          try await body(moving)
        }
      }
    }
  }

  /// Overwrites items all the while, slots that move among them.
  private func whileWriting(_ isWriting: Bool, _ body: () async throws -> Void) async throws {
    guard isWriting else { return try await body() }
    let isDone = Flag()
    let writer = Task { [cluster] in
      var count = 0
      while !isDone.isRaised {
        try await cluster.send((0..<20).map { ["SET", "item:\((count * 7 + $0 * 31) % Self.keys)", "again \(count)"] })
        count += 1
      }
      return count
    }
    do {
      try await body()
    } catch {
      isDone.raise()
      throw error
    }
    isDone.raise()
    #expect(try await writer.value > 0, "nothing was written meanwhile")
  }

  func capture(_ cut: String = "coherent", on predecessor: DrillBench? = nil) async throws -> DrillBench {
    let file = "\(home)/\(cut).yaml"
    let text = try String(contentsOfFile: home + "/shop.yaml", encoding: .utf8)
      .replacing("cut: coherent", with: "cut: \(cut)").replacing("operations: 400", with: "operations: 2000")
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    let sealed = try await Firedrill.capture(
      cluster: file, to: home + "/backups", key: home + "/seal", on: predecessor?.backup)
    return DrillBench(folder: home, backup: sealed.manifest.backup)
  }

  func check(_ bench: DrillBench, expect: String? = nil) async throws -> Run {
    var request = CheckRequest(
      backup: bench.backup, catalog: bench.catalog, trust: [home + "/seal.pub"], requiresSignature: true,
      showsKeys: true, ledger: bench.ledger)
    request.expect = expect
    return try await Firedrill.check(request)
  }

  func run(_ bench: DrillBench, level: Level = .content, _ more: String...) async throws -> Run {
    try await bench.run(.init(level: level, more: ["backup: {id: \(bench.backup)}"] + more))
  }

  /// What `redis-cli --rdb` writes of a master.
  func dump(_ master: Int, to folder: String) async throws {
    guard case .tcp(_, let port) = cluster.masters[master] else { return }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let tool = Process()
    tool.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    tool.arguments = ["redis-cli", "-p", "\(port)", "--rdb", "\(folder)/\(nodes[master]).rdb"]
    tool.standardOutput = FileHandle.nullDevice
    tool.standardError = FileHandle.nullDevice
    try tool.run()
    tool.waitUntilExit()
    try #require(tool.terminationStatus == 0)
  }

  /// Seals dumps with the topology that the source states, and with the reference that a coherent capture took of the same
  /// data.
  func seal(_ folder: String, referenceOf reference: DrillBench) async throws -> DrillBench {
    let stated = try await RedisConnection.with(cluster.masters[0]) { try await $0.ask("CLUSTER", "NODES").text ?? "" }
    try stated.write(toFile: folder + ".conf", atomically: true, encoding: .utf8)
    var request = SealRequest(paths: [folder], cluster: "shop", catalog: home + "/backups", key: home + "/seal")
    request.topology = folder + ".conf"
    guard case .sealed(let sealed, _) = try await Firedrill.seal(request) else {
      throw TestBench.Failure(detail: "the dumps were not sealed")
    }
    let bench = DrillBench(folder: home, backup: sealed.manifest.backup)
    try FileManager.default.copyItem(
      atPath: reference.backupFolder + "/reference", toPath: bench.backupFolder + "/reference")
    let known = try reference.manifest()
    try bench.reseal { manifest in
      manifest.reference = known.reference
      manifest.artifacts += known.artifacts.filter { $0.role == .reference }
    }
    return bench
  }

  /// Sends commands to one node on one connection, whatever it owns.
  func ask(_ master: Int, _ commands: [[String]]) async throws {
    try await RedisConnection.with(cluster.masters[master]) { connection in
      for words in commands {
        let reply = try await connection.send(words.map { Array($0.utf8) })
        try #require(reply.errorCode == nil, "\(words): \(reply)")
      }
    }
  }
}

@Suite("A backup in the middle of a re-sharding", .serialized)
struct MidMoveTests {
  private func subjects(_ run: Run, _ code: FindingCode) -> Set<String> {
    Set(
      run.findings(code).compactMap {
        if case .clear(let bytes)? = $0.subject.key { String(decoding: bytes, as: UTF8.self) } else { nil }
      })
  }

  /// The number with which a finding's words begin.
  private func number(_ finding: Finding?) -> Int? {
    finding.flatMap { Int($0.observed.prefix { $0.isNumber }) }
  }

  @Test("coherent, under writes: every key on one side, the reference equal, also where clients are sent on by ASK")
  func coherent() async throws {
    try await MovingCluster.with(isWriting: true) { moving in
      let bench = try await moving.capture()
      let topology = try bench.manifest().topology
      #expect(topology.moves == [.init(slot: Slot(moving.slot), source: moving.nodes[0], target: moving.nodes[1])])
      #expect(topology.shard(named: moving.nodes[1])?.slots.count ?? 0 >= Slot.count / 3 + MovingCluster.slots / 2)
      expectClean(try await moving.check(bench), at: .decoded)
      let run = try await moving.run(bench)
      expectClean(run, at: .content)
      #expect(run.answers?.different == 0)

      // A real server loads the artifacts of the two sides; the nodes say where the keys of the open slot lie.
      let scan = try await NodeScan(moving.cluster)
      let artifacts = try bench.dataArtifacts()
      func open(_ node: Int) throws -> Set<String> {
        let artifact = try #require(artifacts.first { $0.shard == moving.nodes[node] })
        return Set(try RedisFile(path: bench.path(of: artifact)).keys("{\(moving.tag)}*"))
      }
      let sides = (try open(0), try open(1))
      #expect(sides.0 == scan.names(on: moving.nodes[0]).filter { scan.slots[$0] == moving.slot })
      #expect(sides.1 == scan.names(on: moving.nodes[1]).filter { scan.slots[$0] == moving.slot })
      #expect(sides.0.count + sides.1.count == MovingCluster.open && sides.0.isDisjoint(with: sides.1))
      #expect(sides.0.count == MovingCluster.open / 2)

      // Questions about keys on either side have an answer at the cut: the owner's, or the one after ASK.
      let sheet = try bench.answers()
      for side in [sides.0, sides.1] {
        let asked = zip(sheet.operations, sheet.answers).filter {
          $0.0.name == "get" && side.contains(String(decoding: $0.0.key, as: UTF8.self))
        }
        #expect(!asked.isEmpty && asked.allSatisfy { $0.1.digest != nil }, "\(asked.map(\.1.shape))")
      }

      // While other slots move, key by key, a capture still stands at one cut.
      let others = scan.names(on: moving.nodes[2]).compactMap { scan.slots[$0] }.sorted().map { Slot($0) }
      async let rest: Void = moving.cluster.move(SlotSet(others.prefix(150)), from: 2, to: 1, batch: 1)
      let during = try await moving.capture()
      try await rest
      expectClean(try await moving.run(during), at: .content)
      // So does an increment on it.
      async let more: Void = moving.cluster.move(
        SlotSet(others.prefix(200)).subtracting(SlotSet(others.prefix(150))), from: 2, to: 1, batch: 1)
      let increment = try await moving.capture(on: during)
      try await more
      expectClean(try await moving.run(increment), at: .content)
    }
  }

  @Test("doubles, orphans and gaps on real nodes are found as an independent scan of the nodes counts them")
  func planted() async throws {
    try await MovingCluster.with { moving in
      let clean = try await moving.capture()
      expectClean(try await moving.check(clean), at: .decoded)
      // What an interrupted MIGRATE leaves: the target has the key, the source has it still.
      let before = try await NodeScan(moving.cluster)
      let left = before.names(on: moving.nodes[0]).filter { before.slots[$0] == moving.slot }.sorted()
      guard case .tcp(let host, let port) = moving.cluster.masters[1] else { return }
      try await moving.ask(0, left.prefix(5).map { ["MIGRATE", host, "\(port)", $0, "0", "5000", "COPY"] })
      try await moving.ask(1, left.prefix(2).flatMap { [["ASKING"], ["SET", $0, "another value"]] })
      // Keys on the third node, of a slot that it has no claim to.
      let stray = try #require(before.names(on: moving.nodes[1]).first { $0.hasPrefix("item") })
      let slot = try #require(before.slots[stray])
      try await moving.ask(
        2,
        [
          ["CLUSTER", "SETSLOT", "\(slot)", "IMPORTING", moving.nodes[1]], ["ASKING"], ["SET", stray, "old"],
          ["ASKING"],
        ]
          + [["SET", "{\(stray)}:alone", "v"], ["CLUSTER", "SETSLOT", "\(slot)", "STABLE"]])

      let scan = try await NodeScan(moving.cluster)
      let doubles = scan.doubles(of: moving.slot, moving.nodes[0], moving.nodes[1])
      let orphans = scan.orphans(on: moving.nodes[2], receiving: nil)
      #expect(doubles.same.count == 3 && doubles.different.count == 2 && orphans.count == 2)
      let bench = try await moving.capture()
      for run in [try await moving.check(bench), try await moving.run(bench)] {
        expect(run, .fail, [.recordDouble, .slotMisplaced], at: .decode)
        let (same, other) = (
          run.findings(.recordDouble).filter { $0.observed.hasSuffix("with the same content") },
          run.findings(.recordDouble).filter { $0.observed.hasSuffix("with different content") }
        )
        #expect(number(same.first) == doubles.same.count && number(other.first) == doubles.different.count)
        #expect(subjects(run, .recordDouble) == doubles.same.union(doubles.different))
        let misplaced = run.findings(.slotMisplaced)
        #expect(misplaced.count == 1 && misplaced[0].subject.shard == moving.nodes[2])
        #expect(number(misplaced.first) == orphans.count && orphans.isSuperset(of: subjects(run, .slotMisplaced)))
        #expect(misplaced[0].observed.hasSuffix("1 of them lie in another shard as well, 1 with different content"))
        #expect(run.sandbox == nil)
      }

      // A gap: a shard without an artifact.
      let gap = clean
      let lost = try #require(try gap.dataArtifacts().first { $0.shard == moving.nodes[2] })
      try FileManager.default.removeItem(atPath: gap.path(of: lost))
      try gap.reseal { $0.artifacts.removeAll { $0.name == lost.name } }
      let owned = scan.owners.values.count { $0 == moving.nodes[2] }
      for run in [try await moving.check(gap), try await moving.run(gap)] {
        expect(run, .fail, [.coverageHole], at: .decode)
        #expect(number(run.findings(.coverageHole).first) == owned)
      }
      let expected = try await moving.check(gap, expect: moving.home + "/shop.yaml")
      #expect(expected.findings(.coverageHole).contains { $0.stage == .manifest && number($0) == owned })
    }
  }

  @Test("snapshots of two moments hold keys twice, or not at all: both are found, by number and by name")
  func perShard() async throws {
    try await MovingCluster.with { moving in
      let reference = try await moving.capture()
      func dumps(
        _ name: String, first: Int, then second: Int
      ) async throws -> (DrillBench, before: NodeScan, after: NodeScan) {
        let folder = "\(moving.home)/\(name)"
        let before = try await NodeScan(moving.cluster)
        try await moving.dump(first, to: folder)
        try await moving.cluster.moveKeys(of: moving.one, from: 0, to: 1, limit: 4)
        let after = try await NodeScan(moving.cluster)
        try await moving.dump(second, to: folder)
        try await moving.dump(2, to: folder)
        return (try await moving.seal(folder, referenceOf: reference), before, after)
      }
      func names(_ scan: NodeScan, _ node: Int) -> Set<String> {
        scan.names(on: moving.nodes[node]).filter { scan.slots[$0] == moving.slot }
      }

      let (twice, before, after) = try await dumps("source-first", first: 0, then: 1)
      let doubles = names(before, 0).intersection(names(after, 1))
      #expect(doubles.count == 4)
      for run in [try await moving.check(twice), try await moving.run(twice)] {
        expect(run, .fail, [.recordDouble], at: .decode)
        #expect(number(run.findings.first) == doubles.count && doubles.isSuperset(of: subjects(run, .recordDouble)))
        #expect(run.findings.allSatisfy { $0.observed.hasSuffix("with the same content") })
      }

      let (missed, earlier, later) = try await dumps("target-first", first: 1, then: 0)
      let all = Set((0..<MovingCluster.open).map { "{\(moving.tag)}:\($0)" })
      let lost = all.subtracting(names(earlier, 1)).subtracting(names(later, 0))
      #expect(lost.count == 4)
      let checked = try await moving.check(missed)
      expect(checked, .fail, [.recordLost], at: .compare)
      #expect(
        checked.findings.map(\.subject.slot) == [Slot(moving.slot)] && number(checked.findings.first) == lost.count)
      let run = try await moving.run(missed)
      expect(run, .fail, [.recordLost, .answerDiffers], at: .compare)
      #expect(run.findings(.recordLost).contains { number($0) == lost.count && $0.subject.slot == Slot(moving.slot) })
      let asked = Set(
        try missed.answers().operations.filter { $0.name == "get" }.map { String(decoding: $0.key, as: UTF8.self) })
      #expect(subjects(run, .recordLost) == lost.intersection(asked) && !lost.isDisjoint(with: asked))
    }
  }

  @Test("a capture per shard while slots move states what moved meanwhile as in flight, and no key of it is misplaced")
  func perShardUnderWay() async throws {
    try await MovingCluster.with { moving in
      async let rest: Void = moving.cluster.move(SlotSet(11_000...11_060), from: 2, to: 1)
      let bench = try await moving.capture("per-shard")
      try await rest
      let run = try await moving.check(bench)
      #expect(Set(run.findings.map(\.code)).isSubset(of: [.recordDouble]), "\(run.findings)")
      #expect(try bench.manifest().cut.coherence == .perShard)
      async let more: Void = moving.cluster.move(SlotSet(11_061...11_160), from: 2, to: 1)
      let increment = try await moving.capture("per-shard", on: bench)
      try await more
      let chain = try await moving.check(increment)
      #expect(Set(chain.findings.map(\.code)).isSubset(of: [.recordDouble]), "\(chain.findings)")
    }
  }
}
