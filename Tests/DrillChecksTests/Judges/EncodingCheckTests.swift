import DrillChecks
import DrillModel
import Testing

@Suite("encoding check") struct EncodingCheckTests {
  private static let plain = Artifact.Plain(sizeBytes: 100, digest: Digest(words: (1, 2, 3, 4)))

  private func artifact(_ plain: Artifact.Plain?) -> Artifact {
    Artifact(
      name: "shard-0.rdb.zst.age", role: .data, shard: "shard-0", format: "rdb", encodings: ["zstd", "age"],
      sizeBytes: 50, digest: Digest(words: (5, 6, 7, 8)), plain: plain, recipients: ["age1wanted"])
  }

  private func codes(_ outcome: EncodingCheck.Outcome, sealed: Artifact.Plain? = plain) -> [FindingCode] {
    let findings = EncodingCheck(backup: "b", keys: ["age1other"], unusable: ["gone.age cannot be had"]).check(
      outcome, of: artifact(sealed))
    #expect(findings.allSatisfy { $0.stage == .decode && $0.subject.artifact == "shard-0.rdb.zst.age" })
    return findings.map(\.code)
  }

  @Test("what opens to the bytes that were sealed is silent; other bytes, or another number of them, are damage")
  func opened() {
    #expect(codes(.opened(Self.plain, keys: ["age1wanted"])) == [])
    #expect(codes(.opened(Self.plain, keys: []), sealed: nil) == [])
    for (size, word) in [(100, 9), (101, 4)] as [(UInt64, UInt64)] {
      let other = Artifact.Plain(sizeBytes: size, digest: Digest(words: (1, 2, 3, word)))
      #expect(codes(.opened(other, keys: [])) == [.encodingDamaged])
    }
  }

  @Test("each way not to open is a finding of its own")
  func unopened() {
    #expect(codes(.unopened(filter: "age")) == [.keyMissing])
    #expect(codes(.refused(filter: "age", key: "age1wanted", reason: "no")) == [.keyWrong])
    #expect(codes(.openedByRevoked(filter: "age", key: "age1old")) == [.keyRevoked])
    #expect(codes(.damaged(filter: "zstd", reason: "broken off")) == [.encodingDamaged])
    #expect(codes(.oversized(limit: 100)) == [.encodingOversized])
  }

  @Test("a missing key's finding names the keys that are wanted, those that were tried and those that cannot be had")
  func words() throws {
    let check = EncodingCheck(backup: "b", keys: ["age1other"], unusable: ["gone.age cannot be had"])
    let finding = try #require(check.check(.unopened(filter: "age"), of: artifact(nil)).first)
    #expect(finding.expected.contains("age1wanted"))
    #expect(finding.observed == "none of age1other; gone.age cannot be had")
  }

  @Test("names beneath encodings lose the endings that these gave them, and no others")
  func plainNames() {
    #expect(artifact(nil).plainName == "shard-0.rdb")
    var bare = artifact(nil)
    bare.name = "shard-0.rdb"
    #expect(bare.plainName == "shard-0.rdb")
    bare.name = ".age"
    bare.encodings = ["age"]
    #expect(bare.plainName == ".age")
  }
}
