import DrillModel
import Firedrill
import Foundation
import Testing

/// Chains of increments that are stored encoded.
@Suite(.capturedChain) struct EncodedChainTests {
  @Test(
    "an encrypted chain on SQLite: its increment needs the key where it is made, and all links open where it is drilled"
  )
  func sqlite() async throws {
    try await CapturedChain.withBench { bench, _ in
      let recipient = try await bench.keys.age("recovery")
      let keys = try KeySection.named([bench.folder + "/recovery.age"])
      let full = try await bench.encoded(["zstd", "age"], for: [recipient])
      try bench.execute(
        "UPDATE customers SET version = version + 100000 WHERE customer_id % 3 = 0", on: "live/shard-0.db")
      await #expect { _ = try await bench.encoded(["zstd", "age"], for: [recipient], on: "latest") } throws: { error in
        (error as? DrillError)?.code == .captureRefused
      }
      let increment = try await bench.encoded(["zstd", "age"], for: [recipient], on: "latest", keys: keys)
      #expect(try increment.manifest().predecessor?.backup == full.backup)
      let run = try await increment.runEncoded("{identities: recovery.age}", level: .content)
      expectClean(run, at: .content)
      #expect(run.backups.first?.chain?.links.count == 2)
      expect(try await increment.runEncoded(nil, level: .content), .fail, [.keyMissing], at: .decode)
      let root = try await Firedrill.fingerprint(of: increment.backupFolder, keys: keys).root
      #expect(try await Firedrill.fingerprint(of: full.backupFolder, keys: keys).root != root)
      let report = try await Firedrill.checkChains(in: bench.folder + "/encoded", trust: [bench.folder + "/seal.pub"])
      #expect(report.verdict == .pass && report.chains.map(\.encoded) == [1])
    }
  }
}
