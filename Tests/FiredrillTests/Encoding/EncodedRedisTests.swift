import DrillModel
import Firedrill
import Foundation
import Testing

/// Backups of a real Redis Cluster that are stored encoded.
@Suite(.capturedRedis) struct EncodedRedisTests {
  @Test("compressed and encrypted, they open with their key, restore into real servers and answer as production did")
  func drilled() async throws {
    try await CapturedRedis.withBench { bench, _ in
      let recipient = try await bench.keys.age("recovery")
      let encoded = try await bench.encoded(["zstd", "age"], for: [recipient])
      let run = try await encoded.runEncoded("{identities: recovery.age}")
      expectClean(run)
      #expect(run.phases.contains { $0.phase == .open })
      expect(try await encoded.runEncoded(nil), .fail, [.keyMissing], at: .decode)
    }
  }

  @Test("each filter alone, looked into without a restore", arguments: ["zstd", "gzip", "lz4", "age", "gpg", "cms"])
  func filters(_ filter: String) async throws {
    try await CapturedRedis.withBench { bench, _ in
      let key = ["age", "gpg", "cms"].contains(filter) ? try await bench.makeKey(for: filter, named: "recovery") : nil
      let encoded = try await bench.encoded([filter], for: key.map { [$0.recipient] } ?? [])
      var request = CheckRequest(
        backup: encoded.backupFolder, catalog: nil, trust: [bench.folder + "/seal.pub"], requiresSignature: true,
        showsKeys: true, ledger: bench.ledger)
      request.keys = try key.map { try KeySection.named(["\(bench.folder)/\($0.identity)"]) } ?? nil
      let run = try await Firedrill.check(request)
      expect(run, .pass)
      #expect(run.level == .decoded)
    }
  }
}
