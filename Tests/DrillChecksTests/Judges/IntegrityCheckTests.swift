import DrillChecks
import DrillCrypto
import DrillFaults
import DrillModel
import Foundation
import Testing

@Suite("integrity check")
struct IntegrityCheckTests {
  /// A stored backup of three files of different sizes, judged as it lies there.
  private func judge(
    seed: UInt64 = 7, _ damage: (String) throws -> Void = { _ in }
  ) throws -> Judgement {
    try TemporaryFolder.with { folder in
      var random = SeededGenerator(seed)
      var manifest = SyntheticBackup().manifest
      for index in manifest.artifacts.indices {
        // The last is larger than the hasher's chunk.
        let head = (0..<5000).map { _ in UInt8.random(in: 1...255, using: &random) }
        let bytes = head + [UInt8](repeating: UInt8(index + 1), count: index * 600_000)
        try TemporaryFolder.write(bytes, to: "\(folder)/\(manifest.artifacts[index].name)")
        manifest.artifacts[index].sizeBytes = UInt64(bytes.count)
        manifest.artifacts[index].digest = SHA256.digest(bytes)
      }
      try TemporaryFolder.write([1], to: folder + "/manifest.json")
      try damage(folder)
      let paths = Dictionary(uniqueKeysWithValues: manifest.artifacts.map { ($0.name, "\(folder)/\($0.name)") })
      return try IntegrityCheck(companions: ["manifest.json"]).check(
        manifest, entries: entries(folder), measured: ArtifactHasher().hash(paths))
    }
  }

  private func entries(_ folder: String) throws -> [StoredEntry] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { name in
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
      let kind: StoredEntry.Kind =
        switch attributes[.type] as? FileAttributeType {
        case .typeRegular: .file
        case .typeDirectory: .folder
        case .typeSymbolicLink: .link
        default: .other
        }
      return StoredEntry(path: name, kind: kind, sizeBytes: attributes[.size] as? UInt64 ?? 0)
    }
  }

  @Test("an untouched backup has no finding and is examined in full")
  func clean() throws {
    let judgement = try judge()
    #expect(judgement.isClean && judgement.coverage(.bytes)?.share == 1)
  }

  @Test(
    "each kind of damage has its code",
    arguments: [
      (.flipByte, [.checksumMismatch]), (.zeroBlock, [.checksumMismatch]), (.truncate, [.sizeMismatch]),
      (.append, [.sizeMismatch]), (.duplicateSlice, [.sizeMismatch]), (.remove, [.artifactMissing]),
      (.swap, [.sizeMismatch, .sizeMismatch]),
    ] as [(ArtifactFault, [FindingCode])])
  func faults(fault: ArtifactFault, codes: [FindingCode]) throws {
    for seed in UInt64(1)...5 {
      let judgement = try judge(seed: seed) {
        _ = try FaultInjector.plant(fault, in: $0 + "/b.rdb", with: $0 + "/c.rdb", seed: seed)
      }
      #expect(judgement.codes == codes, "seed \(seed)")
      #expect(judgement.findings.first?.subject.artifact == "b.rdb" && judgement.findings.first?.stage == .integrity)
      let coverage = try #require(judgement.coverage(.bytes))
      let losesBytes = fault == .truncate || fault == .remove || fault == .swap
      #expect((coverage.examined < coverage.declared) == losesBytes)
    }
  }

  @Test("two artifacts of one size exchanged are checksum-mismatch, both")
  func exchanged() throws {
    let manifest = SyntheticBackup().manifest
    var measured: [String: ArtifactHasher.Measurement] = [:]
    for artifact in manifest.artifacts { measured[artifact.name] = .read(sizeBytes: 1000, digest: artifact.digest) }
    (measured["a.rdb"], measured["b.rdb"]) = (measured["b.rdb"], measured["a.rdb"])
    let entries = manifest.artifacts.map { StoredEntry(path: $0.name, kind: .file, sizeBytes: 1000) }
    let judgement = try IntegrityCheck(companions: []).check(manifest, entries: entries, measured: measured)
    #expect(judgement.codes == [.checksumMismatch, .checksumMismatch])
  }

  @Test("a file that nobody named, a link, a folder and a pipe are found")
  func strangers() throws {
    #expect(try judge { try TemporaryFolder.write([1], to: $0 + "/extra") }.codes == [.artifactUnexpected])
    #expect(
      try judge {
        try FileManager.default.moveItem(atPath: $0 + "/a.rdb", toPath: $0 + "/real")
        try FileManager.default.createSymbolicLink(atPath: $0 + "/a.rdb", withDestinationPath: "real")
      }.codes == [.artifactNotRegular, .artifactUnexpected])
    #expect(
      try judge {
        try FileManager.default.removeItem(atPath: $0 + "/a.rdb")
        try FileManager.default.createDirectory(atPath: $0 + "/a.rdb", withIntermediateDirectories: false)
      }.codes == [.artifactNotRegular])
    #expect(
      try judge {
        try FileManager.default.removeItem(atPath: $0 + "/a.rdb")
        try #require(mkfifo($0 + "/a.rdb", 0o600) == 0)
      }.codes == [.artifactNotRegular])
  }

  @Test("a file that cannot be read is an obstacle and not examined, one that was not hashed is not examined")
  func unread() throws {
    let manifest = SyntheticBackup().manifest
    let entries = manifest.artifacts.map { StoredEntry(path: $0.name, kind: .file, sizeBytes: 1000) }
    var measured: [String: ArtifactHasher.Measurement] = [:]
    for artifact in manifest.artifacts { measured[artifact.name] = .read(sizeBytes: 1000, digest: artifact.digest) }
    measured["a.rdb"] = .failed(DrillError(.artifactUnreadable, subject: "a.rdb", detail: "cannot be read"))
    measured["b.rdb"] = nil
    let judgement = try IntegrityCheck(companions: []).check(manifest, entries: entries, measured: measured)
    #expect(judgement.findings.isEmpty && judgement.obstacles.map(\.code) == [.artifactUnreadable])
    #expect(
      try judgement.coverage(.bytes)
        == Coverage(.bytes, declared: 3000, examined: 1000, skipped: [.artifactUnavailable: 1000, .stageNotRun: 1000]))
  }

  @Test("the hasher reports progress up to all bytes, and stops when told")
  func progress() throws {
    try TemporaryFolder.with { folder in
      try TemporaryFolder.write([UInt8](repeating: 3, count: 3_000_000), to: folder + "/x")
      let seen = LockedMaximum()
      let hasher = ArtifactHasher(threads: 2)
      let paths = ["x": folder + "/x", "y": folder + "/missing"]
      let result = hasher.hash(paths, progress: { seen.note($0) })
      #expect(seen.value == 3_000_000)
      guard case .read(3_000_000, _) = result["x"], case .missing = result["y"] else {
        Issue.record("unexpected \(result)")
        return
      }
      guard case .failed(let error) = hasher.hash(paths, isCancelled: { true })["x"] else {
        Issue.record("was not stopped")
        return
      }
      #expect(error.code == .interrupted)
    }
  }
}
