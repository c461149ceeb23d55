import DrillCrypto
import DrillEvidence
import DrillFaults
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("A drill of SQLite plants faults in copies, and", .capturedShop)
struct SelfTestTests {
  @Test("finds each of them, in every part that it reached, and says in which it could plant none")
  func everyPart() async throws {
    try await CapturedShop.withBench { bench in
      let before = try bytes(bench)
      let run = try await bench.run("self_test: {faults: 100}")
      expectClean(run)
      let test = try #require(run.selfTest)
      #expect(test.asked == 100 && test.planted.count == 100 && test.caught == 100, "\(test.missed)")
      #expect(Set(test.planted.map(\.part)) == Set(SelfTest.Part.allCases).subtracting([.counts]))
      #expect(test.omitted == [.init(.counts, reason: "no counts of the live servers")])
      #expect(test.seed == run.seed && test.bytesCopied > 0 && test.elapsedMs > 0)
      let faults = Set(test.planted.filter { $0.part == .content }.map(\.fault))
      #expect(
        faults.isSuperset(of: ["record-dropped", "record-added", "value-changed", "kind-changed"]))
      // Nothing is planted in what is drilled, and no copy stays.
      #expect(try bytes(bench) == before)
      let left = try FileManager.default.subpathsOfDirectory(atPath: bench.folder + "/work")
      #expect(!left.contains { $0.contains("self-test") || $0.contains("/") }, "\(left)")
    }
  }

  @Test("plants five of as many parts by default: the same for the same backup and seed, others with another seed")
  func seeded() async throws {
    try await CapturedShop.withBench { bench in
      let first = try #require(try await bench.run().selfTest)
      #expect(first.asked == 5 && first.planted.count == 5 && first.isSound)
      #expect(Set(first.planted.map(\.part)).count == 5)
      #expect(try await bench.run().selfTest?.planted == first.planted)
      let other = try #require(try await bench.run(.init(seed: 6)).selfTest)
      #expect(other.planted != first.planted && other.isSound)
    }
  }

  @Test("plants only in what it reached where something is wrong with the bytes, and fails all the same")
  func stopped() async throws {
    try await CapturedShop.withBench { bench in
      let damaged = try bench.dataArtifacts()[0]
      _ = try FaultInjector.plant(.flipByte, in: bench.path(of: damaged), seed: 3)
      let run = try await bench.run("self_test: {faults: 12}")
      #expect(run.verdict == .fail && run.firstFailingStage == .integrity)
      let test = try #require(run.selfTest)
      #expect(test.isSound, "\(test.missed)")
      #expect(Set(test.planted.map(\.part)).isSuperset(of: [.manifest, .bytes]))
      #expect(!test.planted.contains { $0.part == .bytes && $0.place.contains(damaged.name) })
      #expect(Set(test.omitted.map(\.part)).isSuperset(of: [.restored, .counts, .content, .answers]))
    }
  }

  @Test("plants where no signature is required too, in what the manifest says of itself")
  func unsigned() async throws {
    try await CapturedShop.withBench { bench in
      try bench.reseal(with: "other")
      let drill = """
        drill: nightly
        cluster: shop.yaml
        catalog: backups
        signature: optional
        level: none
        ledger: ledger.sqlite
        sandbox: {folder: work}
        self_test: {faults: 24}

        """
      try Data(drill.utf8).write(to: URL(fileURLWithPath: bench.folder + "/optional.yaml"))
      let outcomes = try await Firedrill.run(drill: bench.folder + "/optional.yaml")
      let run = try #require(outcomes.first?.run)
      expect(run, .pass)
      let test = try #require(run.selfTest)
      #expect(test.isSound, "\(test.missed)")
      let manifest = test.planted.filter { $0.part == .manifest }
      #expect(!manifest.isEmpty && manifest.allSatisfy { $0.found == [.manifestMismatch] })
    }
  }

  @Test("says in words, in the ledger and in each report what came of it")
  func told() async throws {
    try await CapturedShop.withBench { bench in
      let outcome = try await bench.outcome()
      #expect(RunSummary(outcome.run).text().contains("Self-test  5 of 5 planted faults found"))
      let entry = try #require(try bench.recorded().first)
      #expect(entry.outcome?.selfTest == SelfTest.Tally(asked: 5, planted: 5, caught: 5))
      let recorded = try Ledger.open(at: bench.ledger, mode: .readOnly).run(outcome.run.id)
      #expect(recorded.run?.selfTest == outcome.run.selfTest)
      let text = RunDetails(recorded).text()
      for planted in outcome.run.selfTest?.planted ?? [] { #expect(text.contains(planted.fault)) }
    }
  }

  private func bytes(_ bench: DrillBench) throws -> [String: Digest] {
    try Dictionary(
      uniqueKeysWithValues: FileManager.default.subpathsOfDirectory(atPath: bench.backupFolder).filter {
        !$0.hasSuffix("reference")
      }.map {
        ($0, SHA256.digest(Array(try Data(contentsOf: URL(fileURLWithPath: "\(bench.backupFolder)/\($0)")))))
      })
  }
}

@Suite("A drill of Redis plants faults in copies, and", .serialized, .capturedRedis)
struct RedisSelfTestTests {
  @Test("finds each of them, in every part that it reached")
  func everyPart() async throws {
    try await CapturedRedis.withBench { bench, _ in
      let run = try await bench.run("self_test: {faults: 100}")
      expectClean(run)
      let test = try #require(run.selfTest)
      #expect(test.isSound, "\(test.missed)")
      #expect(Set(test.planted.map(\.part)) == Set(SelfTest.Part.allCases).subtracting([.content]))
      #expect(test.omitted.map(\.part) == [.content])
      #expect(
        Set(test.planted.filter { $0.part == .restored }.map(\.fault))
          == Set(RecordFault.allCases.filter { $0 != .moved }.map(\.rawValue)))
    }
  }

  @Test("finds each in dumps that nobody sealed, of which no manifest says what they should be")
  func unsealed() async throws {
    try await CapturedRedis.withBench { bench, _ in
      let night = bench.folder + "/night"
      try FileManager.default.createDirectory(atPath: night, withIntermediateDirectories: true)
      for artifact in try bench.dataArtifacts() {
        try FileManager.default.copyItem(
          atPath: bench.path(of: artifact), toPath: "\(night)/\(artifact.name.replacing("/", with: "-"))")
      }
      let drill = """
        drill: nightly
        cluster: shop.yaml
        backup: {unsealed: \(night)}
        level: restored
        ledger: ledger.sqlite
        sandbox: {folder: work}
        self_test: {faults: 30}

        """
      try Data(drill.utf8).write(to: URL(fileURLWithPath: bench.folder + "/unsealed.yaml"))
      let run = try #require(try await Firedrill.run(drill: bench.folder + "/unsealed.yaml").first?.run)
      expect(run, .pass)
      let test = try #require(run.selfTest)
      #expect(test.isSound, "\(test.missed)")
      #expect(Set(test.planted.map(\.part)).isSuperset(of: [.format, .restored]))
      #expect(Set(test.omitted.map(\.part)).isSuperset(of: [.manifest, .bytes, .counts, .content]))
    }
  }
}

@Suite("A drill of a chain plants faults in copies, and", .capturedChain)
struct ChainSelfTestTests {
  @Test("finds each of them, in the last link's files and in what the chain was put together to")
  func chain() async throws {
    try await CapturedChain.withBench { bench, _ in
      let run = try await bench.run(.init(level: .content, more: ["self_test: {faults: 60}"]))
      expectClean(run, at: .content)
      let test = try #require(run.selfTest)
      #expect(test.isSound, "\(test.missed)")
      #expect(
        Set(test.planted.map(\.part)).isSuperset(of: [.manifest, .bytes, .format, .placement, .restored, .content]))
    }
  }
}

extension SelfTest {
  /// For a failed expectation.
  var missed: String {
    planted.filter { !$0.isCaught }.map { "\($0.part.rawValue) \($0.fault) \($0.place): \($0.found.map(\.rawValue))" }
      .joined(separator: "; ")
  }
}
