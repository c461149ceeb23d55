import DrillModel
import Firedrill
import Foundation
import Testing

/// Stored bytes that are what was sealed, and do not decode to what was encoded.
@Suite(.capturedShop) struct EncodingFaultTests {
  static let filters = ["zstd", "gzip", "lz4", "age", "gpg", "cms"]

  @Test("a broken-off and a flipped stream, sealed as they are, are damaged encodings", arguments: filters)
  func damaged(_ filter: String) async throws {
    try await CapturedShop.withBench { bench in
      let takesKey = ["age", "gpg", "cms"].contains(filter)
      let key = takesKey ? try await bench.makeKey(for: filter, named: "recovery") : nil
      let encoded = try await bench.encoded([filter], for: key.map { [$0.recipient] } ?? [])
      let ring = key.map { "{identities: \($0.identity)}" }
      let path = try encoded.path(of: encoded.dataArtifacts()[0])
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      for (what, change) in EncodingFaultTests.damages {
        try whole.write(to: URL(fileURLWithPath: path))
        try encoded.damage(change)
        let run = try await encoded.runEncoded(ring)
        expect(run, .fail, [.encodingDamaged], at: .decode, "\(filter), \(what)")
        #expect(run.level == .bytes)
      }
      try whole.write(to: URL(fileURLWithPath: path))
      try encoded.reseal()
      expectClean(try await encoded.runEncoded(ring))
    }
  }

  private static let damages: [(String, @Sendable (inout Data) -> Void)] = [
    ("its last tenth cut off", { $0.removeLast($0.count / 10) }),
    ("a bit flipped in its middle", { $0[$0.count / 2] ^= 0x10 }),
    ("other bytes altogether", { $0 = Data(repeating: 0x41, count: $0.count) }),
  ]

  @Test("an OpenPGP message that is encrypted to nobody is damaged, and no key is said to have opened it")
  func encryptedToNobody() async throws {
    try await CapturedShop.withBench { bench in
      let key = try await bench.makeKey(for: "gpg", named: "recovery")
      let encoded = try await bench.encoded(["gpg"], for: [key.recipient])
      let ring = "{identities: \(key.identity)}"
      // The same contents, that nobody has to decrypt.
      let (plain, stored) = (
        bench.path(of: try bench.dataArtifacts()[0]), encoded.path(of: try encoded.dataArtifacts()[0])
      )
      _ = try await encoded.keys.run(
        "gpg", ["--homedir", bench.folder, "--batch", "--yes", "-o", stored, "--store", plain])
      try encoded.reseal { manifest in
        for index in manifest.artifacts.indices { manifest.artifacts[index].plain = nil }
      }
      expect(try await encoded.runEncoded(ring), .fail, [.encodingDamaged], at: .decode)
    }
  }

  @Test("a whole stream of other bytes than those that were sealed is damaged")
  func otherContent() async throws {
    try await CapturedShop.withBench { bench in
      let encoded = try await bench.encoded(["gzip"])
      let artifacts = try encoded.dataArtifacts()
      // Two shards' streams exchanged, each whole, and the stored bytes sealed anew.
      let paths = artifacts.prefix(2).map { encoded.path(of: $0) }
      let first = try Data(contentsOf: URL(fileURLWithPath: paths[0]))
      try Data(contentsOf: URL(fileURLWithPath: paths[1])).write(to: URL(fileURLWithPath: paths[0]))
      try first.write(to: URL(fileURLWithPath: paths[1]))
      try encoded.reseal { manifest in
        // Where the sizes beneath differ the longer one would be stopped at the other's.
        for index in manifest.artifacts.indices where artifacts.prefix(2).contains(manifest.artifacts[index]) {
          manifest.artifacts[index].plain?.sizeBytes = 1 << 30
        }
      }
      expect(try await encoded.runEncoded(nil), .fail, [.encodingDamaged], at: .decode)
    }
  }

  @Test("a stream of more bytes than were sealed is stopped there", arguments: ["zstd", "gzip", "lz4"])
  func bomb(_ filter: String) async throws {
    try await CapturedShop.withBench { bench in
      let encoded = try await bench.encoded([filter])
      let artifact = try encoded.dataArtifacts()[0]
      let path = encoded.path(of: artifact)
      // A GiB of zeroes, in some thousands of bytes.
      try await encoded.keys.run(
        "sh", ["-c", "head -c 1073741824 /dev/zero | \(filter) \(filter == "lz4" ? "-1" : "-9") -q -c > '\(path)'"])
      try encoded.reseal()
      let run = try await encoded.runEncoded(nil)
      expect(run, .fail, [.encodingOversized], at: .decode)
      let finding = try #require(run.findings.first)
      #expect(finding.expected.contains("\(try #require(artifact.plain).sizeBytes) bytes"))
    }
  }

  @Test("of a stream whose size nobody sealed, no more than a stated multiple is taken; a small one is opened")
  func unstatedSize() async throws {
    try await CapturedShop.withBench { bench in
      let encoded = try await bench.encoded(["zstd"])
      try encoded.reseal { manifest in
        for index in manifest.artifacts.indices { manifest.artifacts[index].plain = nil }
      }
      expectClean(try await encoded.runEncoded(nil))
      let path = encoded.path(of: try encoded.dataArtifacts()[0])
      try await encoded.keys.run("sh", ["-c", "head -c 1200000000 /dev/zero | zstd -q -c > '\(path)'"])
      try encoded.reseal()
      expect(try await encoded.runEncoded(nil), .fail, [.encodingOversized], at: .decode)
    }
  }
}
