import DrillChecks
import DrillCrypto
import DrillModel
import Testing

@Suite("An artifact of several files")
struct ArtifactGroupTests {
  private func artifact(_ name: String, _ shard: String, _ format: String) -> Artifact {
    Artifact(
      name: name, role: .data, shard: shard, format: format, sizeBytes: 100, digest: SHA256.digest(Array(name.utf8)))
  }

  /// Shard b is a log of three files.
  private func manifest() -> Manifest {
    var manifest = SyntheticBackup().manifest
    manifest.artifacts[1] = artifact("b/x.manifest", "b", "aof-manifest")
    manifest.artifacts += [artifact("b/x.base", "b", "aof-part"), artifact("b/x.incr", "b", "aof-part")]
    return manifest
  }

  private func check(_ edit: (inout ReadFacts) -> Void = { _ in }) throws -> Judgement {
    let backup = SyntheticBackup()
    var readings = backup.readings
    readings[1].artifact = "b/x.manifest"
    readings[1].facts.bytesRead = 300
    readings[1].facts.checksumBytes = 80
    edit(&readings[1].facts)
    return try DecodeCheck(manifest()).check(readings)
  }

  @Test("is judged as one, its bytes added up")
  func clean() throws {
    let judgement = try check()
    #expect(judgement.isClean)
    #expect(judgement.coverage(.slots)?.share == 1)
    let checksums = judgement.coverage.first { $0.of == "format checksums" }?.coverage
    #expect(checksums?.declared == 2080 && checksums?.share == 1)
    #expect(try check { $0.bytesRead = 299 }.codes == [.artifactUnreadable])
  }

  @Test("names the file that a problem is about")
  func problems() throws {
    let cases: [(ReadFacts.Problem, FindingCode, String)] = [
      (.init(.undecodable, offset: 7, detail: "", part: "x.incr"), .artifactUnreadable, "b/x.incr"),
      (.init(.missingPart, detail: "", part: "x.2"), .artifactMissing, "b/x.manifest"),
      (.init(.unnamedPart, detail: "", part: "x.base"), .artifactUnexpected, "b/x.base"),
    ]
    for (problem, code, name) in cases {
      let judgement = try check { $0.problems = [problem] }
      #expect(judgement.codes == [code])
      #expect(judgement.findings.map(\.subject.artifact) == [name])
      #expect(judgement.findings.map(\.stage) == [.decode])
      #expect(judgement.coverage(.slots)?.skipped == [.artifactUnavailable: 100])
    }
  }

  @Test("closes over what was left out, bytes and records")
  func leftOut() throws {
    let judgement = try check {
      $0.leftOutBytes = [.tornTail: 20, .notLoaded: 30]
      $0.leftOutRecords = [.init(namespace: "db0", key: [1]), .init(namespace: "db0", key: [2])]
    }
    #expect(judgement.isClean)
    let bytes = judgement.coverage.first { $0.of == "bytes of the artifacts" }?.coverage
    #expect(bytes?.declared == 2300 && bytes?.skipped == [.tornTail: 20, .notLoaded: 30])
    let records = judgement.coverage(.records)
    #expect(records?.declared == 302 && records?.skipped == [.notModelled: 2])
  }

  @Test("is a manifest with the parts in its folder; parts without one are a group of their own")
  func groups() {
    let groups = ArtifactGroup.data(of: manifest().artifacts)
    #expect(groups.map(\.name) == ["a.rdb", "b/x.manifest", "c.rdb"])
    #expect(groups.map(\.parts.count) == [0, 2, 0] && groups.map(\.sizeBytes) == [1000, 300, 1000])
    let alone = ArtifactGroup.data(of: [artifact("b/x.base", "b", "aof-part"), artifact("b/y", "b", "aof-part")])
    #expect(alone.map(\.parts.count) == [1])
    let apart = ArtifactGroup.data(of: [
      artifact("p/m", "b", "aof-manifest"), artifact("q/m", "b", "aof-manifest"), artifact("q/x", "b", "aof-part"),
    ])
    #expect(apart.map(\.parts.count) == [0, 1])
  }
}
