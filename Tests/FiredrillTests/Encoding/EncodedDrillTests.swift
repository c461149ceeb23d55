import DrillModel
import Firedrill
import Foundation
import Testing

/// Backups that are stored encoded, drilled with the keys of the drill.
@Suite(.capturedShop) struct EncodedDrillTests {
  @Test("what filters without keys stored is decoded, checked and restored", arguments: ["zstd", "gzip", "lz4"])
  func filtersWithoutKeys(_ filter: String) async throws {
    try await CapturedShop.withBench { bench in
      let encoded = try await bench.encoded([filter])
      let artifacts = try encoded.manifest().artifacts
      #expect(artifacts.allSatisfy { $0.encodings == [filter] && $0.plain != nil && $0.recipients == nil })
      #expect(artifacts.allSatisfy { $0.name.hasSuffix(Artifact.ending(of: filter)) })
      let run = try await encoded.runEncoded(nil)
      expectClean(run)
      #expect(run.phases.contains { $0.phase == .open })
    }
  }

  @Test(
    "what is encrypted opens with its key alone, and the run says which opened it", arguments: ["age", "gpg", "cms"])
  func filtersWithKeys(_ filter: String) async throws {
    try await CapturedShop.withBench { bench in
      let (name, recipient, identity) = try await bench.makeKey(for: filter, named: "recovery")
      let encoded = try await bench.encoded([filter], for: [recipient])
      #expect(try encoded.manifest().artifacts.allSatisfy { $0.recipients == [name] })
      let run = try await encoded.runEncoded("{identities: [\(identity)]}")
      expectClean(run)
      #expect(run.notes.contains("6 artifacts were opened with key \(name)"))
    }
  }

  @Test("chains of filters, with one key, with several and with a program of one's own")
  func chains() async throws {
    try await CapturedShop.withBench { bench in
      let age = try await bench.keys.age("recovery")
      try await bench.keys.gpg("recovery", passphrase: "correct horse")
      try Data("correct horse\n".utf8).write(to: URL(fileURLWithPath: bench.folder + "/pass"))
      expectClean(
        try await bench.encoded(["zstd", "age"], for: [age], catalog: "encoded").runEncoded(
          "{identities: recovery.age}"))
      let three = try await bench.encoded(["gzip", "gpg", "age"], for: [age, "recovery.pub.asc"])
      expectClean(try await three.runEncoded("{identities: [recovery.age, recovery.asc], passphrase: pass}"))
      let own = try await bench.encoded(
        ["lz4", "turned"],
        commands: ["turned": FilterCommand(encode: ["/usr/bin/openssl", "base64", "-A"])])
      let run = try await own.runEncoded("{filters: {turned: {decode: [openssl, base64, -d, -A]}}}")
      expectClean(run)
    }
  }

  @Test(
    "a program of one's own says by its exit status that it cannot now, that it has no key, or that the stream is damaged"
  )
  func ownStatus() async throws {
    try await CapturedShop.withBench { bench in
      let own = try await bench.encoded(
        ["turned"], commands: ["turned": FilterCommand(encode: ["/usr/bin/openssl", "base64", "-A"])])
      func run(_ status: Int) async throws -> Run {
        try await own.runEncoded("{filters: {turned: {decode: [sh, -c, \"cat > /dev/null; exit \(status)\"]}}}")
      }
      for status in [69, 75] { expect(try await run(status), .inconclusive, [], obstacles: [.filterFailed]) }
      expect(try await run(77), .fail, [.keyMissing], at: .decode)
      expect(try await run(1), .fail, [.encodingDamaged], at: .decode)
    }
  }

  @Test("a program that only the manifest names is not run: the drill is inconclusive")
  func manifestsNameNoPrograms() async throws {
    try await CapturedShop.withBench { bench in
      let own = try await bench.encoded(
        ["turned"], commands: ["turned": FilterCommand(encode: ["/usr/bin/openssl", "base64", "-A"])])
      let run = try await own.runEncoded(nil)
      expect(run, .inconclusive, [], obstacles: [.filterMissing])
      #expect(run.level == .bytes)
    }
  }
}

extension DrillBench {
  /// A new key for a filter: its public name, what to encrypt to, and the file that opens.
  func makeKey(
    for filter: String, named name: String
  ) async throws -> (name: String, recipient: String, identity: String) {
    switch filter {
    case "age":
      let recipient = try await keys.age(name)
      return (recipient, recipient, "\(name).age")
    case "gpg": return (try await keys.gpg(name), "\(name).pub.asc", "\(name).asc")
    default: return (try await keys.cms(name), "\(name).crt", "\(name).pem")
    }
  }
}
