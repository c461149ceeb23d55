import DrillModel
import Firedrill
import Foundation
import Testing

/// Keys that are missing, wrong or revoked, each beside the key that opens.
@Suite(.capturedShop) struct KeyCustodyTests {
  @Test(
    "without its key a backup is not opened: none named, another one, a file that is not there",
    arguments: ["age", "gpg", "cms"])
  func missing(_ filter: String) async throws {
    try await CapturedShop.withBench { bench in
      let key = try await bench.makeKey(for: filter, named: "recovery")
      let other = try await bench.makeKey(for: filter, named: "other-key")
      let encoded = try await bench.encoded([filter], for: [key.recipient])
      for ring in [nil, "{identities: \(other.identity)}", "{identities: gone.key}"] {
        let run = try await encoded.runEncoded(ring)
        expect(run, .fail, [.keyMissing], at: .decode, "\(ring ?? "no keys")")
        #expect(run.level == .bytes)
        let finding = try #require(run.findings.first)
        #expect(finding.expected.contains(key.name))
      }
      expectClean(try await encoded.runEncoded("{identities: [\(other.identity), \(key.identity)]}"))
    }
  }

  @Test("a key that claims to be the one, and does not open, is a wrong key")
  func wrong() async throws {
    try await CapturedShop.withBench { bench in
      // Encrypted to one key, sealed as if it were to another.
      let (age, claimed) = (try await bench.keys.age("recovery"), try await bench.keys.age("claimed"))
      let encoded = try await bench.encoded(["age"], for: [age])
      try encoded.reseal { manifest in
        for index in manifest.artifacts.indices { manifest.artifacts[index].recipients = [claimed] }
      }
      expect(try await encoded.runEncoded("{identities: claimed.age}"), .fail, [.keyWrong], at: .decode)
      expectClean(try await encoded.runEncoded("{identities: recovery.age}"))
    }
  }

  @Test("a key whose passphrase is another one is a wrong key", arguments: ["gpg", "cms"])
  func wrongPassphrase(_ filter: String) async throws {
    try await CapturedShop.withBench { bench in
      let keys = bench.keys
      _ =
        filter == "gpg"
        ? try await keys.gpg("recovery", passphrase: "right") : try await keys.cms("recovery", passphrase: "right")
      let identity = filter == "gpg" ? "recovery.asc" : "recovery.pem"
      let encoded = try await bench.encoded([filter], for: [filter == "gpg" ? "recovery.pub.asc" : "recovery.crt"])
      for (name, text) in [("right.pass", "right\n"), ("wrong.pass", "wrong\n")] {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(bench.folder)/\(name)"))
      }
      let run = try await encoded.runEncoded("{identities: \(identity), passphrase: wrong.pass}")
      expect(run, .fail, [.keyWrong], at: .decode)
      expectClean(
        try await encoded.runEncoded(
          "{identities: \(identity), passphrase: {command: [cat, \(bench.folder)/right.pass]}}"))
    }
  }

  @Test(
    "a backup that opens only with a revoked key fails, and one that opens with another passes",
    arguments: ["age", "gpg", "cms"])
  func revoked(_ filter: String) async throws {
    try await CapturedShop.withBench { bench in
      let old = try await bench.makeKey(for: filter, named: "old")
      let new = try await bench.makeKey(for: filter, named: "new")
      let ring = "{identities: [\(old.identity), \(new.identity)], revoked: [\(old.name)]}"
      let before = try await bench.encoded([filter], for: [old.recipient], catalog: "encoded")
      expect(try await before.runEncoded(ring), .fail, [.keyRevoked], at: .decode)
      expectClean(try await before.runEncoded("{identities: [\(old.identity), \(new.identity)]}"))
      let after = try await bench.encoded([filter], for: [old.recipient, new.recipient])
      let run = try await after.runEncoded(ring)
      expectClean(run)
      #expect(run.notes.contains("6 artifacts were opened with key \(new.name)"))
    }
  }

  @Test(
    "a rotation drill opens the newest backup before a change of keys and the oldest after it, and fails where the old key is withheld"
  )
  func rotation() async throws {
    try await CapturedShop.withBench { bench in
      let (old, new) = (try await bench.keys.age("old"), try await bench.keys.age("new"))
      let before = try await bench.encoded(["zstd", "age"], for: [old])
      let after = try await bench.encoded(["zstd", "age"], for: [new])
      let rotation = "backup: {rotation: \"\(try after.manifest().cut.time)\"}"
      func runs(_ keys: String) async throws -> [Run] {
        var drill = DrillBench.Drill(catalog: "encoded")
        drill.more = [rotation, "keys: \(keys)"]
        return try await Firedrill.run(drill: try bench.write(drill), options: RunOptions()).map(\.run)
      }
      let both = try await runs("{identities: [old.age, new.age]}")
      #expect(both.map(\.backups.first?.backup) == [before.backup, after.backup])
      for run in both { expectClean(run) }
      let withheld = try await runs("{identities: [new.age]}")
      try #require(withheld.count == 2)
      expect(withheld[0], .fail, [.keyMissing], at: .decode)
      expectClean(withheld[1])
    }
  }

  @Test("keys come from files, from the environment of the drill and from a program")
  func sources() async throws {
    try await CapturedShop.withBench { bench in
      let recipient = try await bench.keys.age("recovery")
      let encoded = try await bench.encoded(["age"], for: [recipient])
      for source in ["{file: recovery.age}", "{command: [cat, \(bench.folder)/recovery.age]}"] {
        expectClean(try await encoded.runEncoded("{identities: [\(source)]}"))
      }
      // What a program complains of is not part of the key.
      let talking = "{command: [sh, -c, \"echo a warning >&2; cat \(bench.folder)/recovery.age\"]}"
      expectClean(try await encoded.runEncoded("{identities: [\(talking)]}"))
      expect(
        try await encoded.runEncoded("{identities: [{env: FIREDRILL_NO_SUCH_KEY}]}"), .fail, [.keyMissing], at: .decode)
      try Data("identities: [recovery.age]\n".utf8).write(to: URL(fileURLWithPath: bench.folder + "/keys.yaml"))
      expectClean(try await encoded.runEncoded("keys.yaml"))
    }
  }
}
