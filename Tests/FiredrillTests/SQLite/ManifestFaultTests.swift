import DrillCrypto
import DrillEvidence
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("A drill reads a manifest and", .capturedShop)
struct ManifestFaultTests {
  @Test("finds one that was edited after it was sealed")
  func edited() async throws {
    try await CapturedShop.withBench { bench in
      try change(bench) { envelope in
        let text = String(decoding: envelope.payload, as: UTF8.self)
        let edited = text.replacingOccurrences(of: "\"coherence\":\"coherent\"", with: "\"coherence\":\"per-shard\"")
        #expect(edited != text)
        return Envelope(payload: Array(edited.utf8), signatures: envelope.signatures)
      }
      try await expectOne(bench, .signatureInvalid)
    }
  }

  @Test("finds one without a signature")
  func unsigned() async throws {
    try await CapturedShop.withBench { bench in
      try change(bench) { Envelope(payload: $0.payload) }
      try await expectOne(bench, .manifestUnsigned)
      // Where no signature is required it may be used, and yet nothing vouches for its bytes.
      let run = try await bench.run(.init(more: ["signature: optional"]))
      expect(run, .inconclusive)
      #expect(run.level == .none)
    }
  }

  @Test("finds one that is sealed by a key that the drill does not trust, and passes where it trusts that key")
  func untrusted() async throws {
    try await CapturedShop.withBench { bench in
      try bench.reseal(with: "other")
      try await expectOne(bench, .signatureUntrusted)
      expectClean(try await bench.run(.init(trust: "[seal.pub, other.pub]")))
    }
  }

  @Test("finds another backup's manifest in its place")
  func foreign() async throws {
    try await CapturedShop.withBench { bench in
      try bench.reseal { $0.backup = "shop-20200101T000000Z-aaaaaa" }
      try await expectOne(bench, .manifestMismatch)
    }
  }

  @Test("finds the manifest of another cluster's backup")
  func otherCluster() async throws {
    try await CapturedShop.withBench { bench in
      try bench.reseal { $0.cluster = "bank" }
      let run = try await bench.run("backup: {id: \(bench.backup)}")
      expect(run, .fail, [.manifestMismatch], at: .manifest)
    }
  }

  @Test("finds one that is cut short, garbage, or no file at all", arguments: ["half", "garbage", "empty", "none"])
  func unreadable(how: String) async throws {
    try await CapturedShop.withBench { bench in
      let bytes = try Data(contentsOf: URL(fileURLWithPath: bench.manifestPath))
      switch how {
      case "half": try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: bench.manifestPath))
      case "garbage": try Data(bytes.reversed()).write(to: URL(fileURLWithPath: bench.manifestPath))
      case "empty": try Data().write(to: URL(fileURLWithPath: bench.manifestPath))
      default: try FileManager.default.removeItem(atPath: bench.manifestPath)
      }
      try await expectOne(bench, .manifestUnreadable)
    }
  }

  @Test("finds slots that no artifact covers, where the shard that held them is in no manifest")
  func hole() async throws {
    try await CapturedShop.withBench { bench in
      let lost = try bench.dataArtifacts()[1]
      try FileManager.default.removeItem(atPath: bench.path(of: lost))
      try bench.reseal { manifest in
        manifest.artifacts.removeAll { $0.name == lost.name }
        manifest.topology.shards.removeAll { $0.name == lost.shard }
        manifest.cut.positions[lost.shard ?? ""] = nil
      }
      let run = try await bench.run()
      expect(run, .fail, [.coverageHole], at: .decode)
      #expect(run.level == .bytes && run.sandbox == nil)
    }
  }

  @Test("finds a shard of the topology that has no artifact")
  func shardWithoutArtifact() async throws {
    try await CapturedShop.withBench { bench in
      let lost = try bench.dataArtifacts()[1]
      try FileManager.default.removeItem(atPath: bench.path(of: lost))
      try bench.reseal { $0.artifacts.removeAll { $0.name == lost.name } }
      let run = try await bench.run()
      expect(run, .fail, [.coverageHole], at: .decode)
    }
  }

  private func expectOne(
    _ bench: DrillBench, _ code: FindingCode, location: SourceLocation = #_sourceLocation
  ) async throws {
    let run = try await bench.run()
    expect(run, .fail, [code], at: .manifest, location: location)
    #expect(run.level == .none && run.sandbox == nil && run.coverage.isEmpty, sourceLocation: location)
    #expect(try bench.recorded().first?.outcome?.verdict == .fail, sourceLocation: location)
  }

  private func change(_ bench: DrillBench, _ edit: (Envelope) throws -> Envelope) throws {
    let envelope = try Envelope(parsing: Array(try Data(contentsOf: URL(fileURLWithPath: bench.manifestPath))))
    try Data(try edit(envelope).encoded()).write(to: URL(fileURLWithPath: bench.manifestPath))
  }
}
