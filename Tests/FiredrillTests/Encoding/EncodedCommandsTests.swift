import DrillModel
import Firedrill
import Foundation
import Testing

/// What else reads backups that are stored encoded, or makes them.
@Suite(.capturedShop) struct EncodedCommandsTests {
  @Test("check opens with the identities that it is given, and fails without")
  func check() async throws {
    try await CapturedShop.withBench { bench in
      let encoded = try await bench.encoded(["zstd", "age"], for: [try await bench.keys.age("recovery")])
      func check(_ identities: [String]) async throws -> Run {
        var request = CheckRequest(
          backup: encoded.backupFolder, catalog: nil, trust: [bench.folder + "/seal.pub"], requiresSignature: true,
          showsKeys: true, ledger: bench.ledger)
        request.keys = try KeySection.named(identities)
        return try await Firedrill.check(request)
      }
      let run = try await check([bench.folder + "/recovery.age"])
      expect(run, .pass)
      #expect(run.level == .decoded)
      expect(try await check([]), .fail, [.keyMissing], at: .decode)
    }
  }

  @Test("fingerprint and diff see the same records beneath as where the backup is stored as it is")
  func fingerprintAndDiff() async throws {
    try await CapturedShop.withBench { bench in
      let encoded = try await bench.encoded(
        ["lz4", "cms"], for: [try await bench.makeKey(for: "cms", named: "recovery").recipient])
      let keys = try KeySection.named([bench.folder + "/recovery.pem"])
      let plain = try await Firedrill.fingerprint(of: bench.backupFolder)
      let beneath = try await Firedrill.fingerprint(of: encoded.backupFolder, keys: keys)
      #expect(beneath.root == plain.root)
      var request = DiffRequest(a: bench.backupFolder, b: encoded.backupFolder, ledger: bench.ledger)
      request.keys = keys
      #expect(try await Firedrill.diff(request).isEqual)
      await #expect { _ = try await Firedrill.fingerprint(of: encoded.backupFolder) } throws: { error in
        (error as? DrillError)?.code == .artifactUnreadable
      }
    }
  }

  @Test("files that another tool encoded are sealed as they are, looked into with their key, and drilled")
  func seal() async throws {
    try await CapturedShop.withBench { bench in
      let recipient = try await bench.keys.age("recovery")
      try await bench.keys.age("other-key")
      let dumps = bench.folder + "/dumps"
      try FileManager.default.createDirectory(atPath: dumps, withIntermediateDirectories: false)
      let artifacts = try bench.dataArtifacts()
      for artifact in artifacts {
        let name = (artifact.name as NSString).lastPathComponent
        try await bench.keys.run(
          "sh", ["-c", "zstd -q -c '\(bench.path(of: artifact))' | age -r \(recipient) > '\(dumps)/\(name).zst.age'"])
      }
      func seal(_ identity: String) async throws -> SealResult {
        var request = SealRequest(
          paths: [dumps], cluster: "shop", catalog: bench.folder + "/encoded", key: bench.folder + "/seal")
        request.encodings = ["zstd", "age"]
        request.keys = try KeySection.named(["\(bench.folder)/\(identity)"])
        request.cut = "2026-01-31T04:00:00Z"
        return try await Firedrill.seal(request)
      }
      guard case .refused(let findings) = try await seal("other-key.age") else {
        Issue.record("what cannot be opened was sealed")
        return
      }
      #expect(Set(findings.map(\.code)) == [.keyMissing])
      #expect(
        ((try? FileManager.default.contentsOfDirectory(atPath: bench.folder + "/encoded")) ?? []).filter {
          !$0.hasPrefix(".")
        }.isEmpty)
      guard case .sealed(let sealed, let folder) = try await seal("recovery.age") else {
        Issue.record("what is whole was not sealed")
        return
      }
      for artifact in sealed.manifest.artifacts {
        #expect(artifact.encodings == ["zstd", "age"] && artifact.plain != nil)
        let name = (artifact.name as NSString).lastPathComponent
        #expect(FileManager.default.contentsEqual(atPath: "\(folder)/\(artifact.name)", andPath: "\(dumps)/\(name)"))
      }
      let drilled = DrillBench(folder: bench.folder, backup: sealed.manifest.backup, catalog: "encoded")
      expectClean(try await drilled.runEncoded("{identities: recovery.age}", level: .restored), at: .restored)
      expect(try await drilled.runEncoded(nil, level: .restored), .fail, [.keyMissing], at: .decode)
    }
  }

  @Test("what cannot be encoded as asked is refused before anything is captured")
  func refusals() async throws {
    try await CapturedShop.withBench { bench in
      try await bench.keys.age("recovery")
      for (filters, recipients, code) in [
        (["age"], [], DrillError.Code.usage), (["zstd"], ["recovery.age.pub"], .usage),
        (["age"], ["recovery.age"], .keyUnreadable), (["age"], ["gone.pub"], .keyUnreadable),
        (["no-such-filter"], [], .filterMissing),
      ] {
        await #expect("\(filters) \(recipients)") { _ = try await bench.encoded(filters, for: recipients) } throws: {
          ($0 as? DrillError)?.code == code
        }
      }
      let left = (try? FileManager.default.contentsOfDirectory(atPath: bench.folder + "/encoded")) ?? []
      #expect(left.isEmpty)
      await #expect {
        _ = try await Firedrill.capture(
          cluster: bench.folder + "/shop.yaml", to: bench.folder + "/encoded", key: bench.folder + "/seal",
          follows: true, encoding: EncodingSection(filters: ["age"], recipients: [bench.folder + "/recovery.age.pub"]))
      } throws: { ($0 as? DrillError)?.code == .usage }
    }
  }

  @Test(
    "fields that make no sense are refused with their place",
    arguments: [
      "keys: {identities: [{file: a, extra: b}]}", "keys: {identities: [{}]}",
      "keys: {filters: {zstd: {decode: [cat]}}}",
      "keys: {identity: a}", "backup: {rotation: yesterday}",
    ])
  func badFields(_ line: String) async throws {
    try await CapturedShop.withBench { bench in
      let path = try bench.write(DrillBench.Drill(more: [line]))
      #expect { try DrillFile.read(path: path) } throws: { error in
        (error as? DrillError)?.code == .badFile && (error as? DrillError)?.subject.hasPrefix("drill.yaml:") == true
      }
    }
  }
}
