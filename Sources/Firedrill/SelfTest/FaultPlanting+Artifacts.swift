import DrillChecks
import DrillCrypto
import DrillFaults
import DrillModel
import Foundation

extension FaultPlanting {
  /// Damage to a stored file after it was sealed.
  mutating func plant(inBytes fault: ArtifactFault) async throws -> SelfTest.Planted? {
    guard let files = ground.files, let sealed = ground.backup.links.last else { return nil }
    let intact = sealed.artifacts.filter { files.intact.contains($0.name) && $0.sizeBytes > 0 }
    guard var artifact = chosen(intact, by: \.sizeBytes) else { return nil }
    let path = try runner.catalog.place(of: artifact.name, in: sealed.backup)
    let limit = artifact.sizeBytes > FaultPlanting.mostCopied ? FaultPlanting.mostCopied : nil
    let copy = try copy(path, subject: artifact.name, size: artifact.sizeBytes, limit: limit)
    defer { unlink(copy) }
    if let limit {
      // The manifest says nothing of a beginning: its digest is taken before the fault is planted.
      artifact.sizeBytes = limit
      guard case .read(_, let digest)? = await hash(copy, as: "")[""] else { return nil }
      artifact.digest = digest
    }
    var manifest = sealed
    manifest.artifacts = [artifact]
    let clean = try await integrity(of: copy, as: artifact, in: manifest)
    let planted = try FaultInjector.plant(fault, in: copy, seed: random.next())
    let found = try await integrity(of: copy, as: artifact, in: manifest)
    return SelfTest.Planted(
      part: .bytes, fault: fault.rawValue,
      place: place(artifact.name, planted) + (limit == nil ? "" : ", of its beginning"),
      expected: fault == .truncate || fault == .append ? [.sizeMismatch] : [.checksumMismatch],
      found: codes(found, without: clean) { $0.artifact == artifact.name })
  }

  private func integrity(of copy: String, as artifact: Artifact, in manifest: Manifest) async throws -> [Finding] {
    var status = stat()
    guard lstat(copy, &status) == 0 else {
      throw DrillError(.io, subject: artifact.name, detail: "the copy went away: \(systemErrorText())")
    }
    let entry = StoredEntry(path: artifact.name, kind: .file, sizeBytes: UInt64(max(0, status.st_size)))
    return try IntegrityCheck(companions: []).check(
      manifest, entries: [entry], measured: await hash(copy, as: artifact.name)
    ).findings
  }

  private func hash(_ path: String, as name: String) async -> [String: ArtifactHasher.Measurement] {
    await onThread { ArtifactHasher(threads: 1).hash([name: path]) }
  }

  /// Damage to an artifact before it was sealed: as if the manifest stated the size and the digest of what is damaged.
  ///
  /// Only what no reader may pass over: any damage of a format with a checksum, and an end that is missing or added of the others. Of
  /// the commands of an append-only log, one that was changed is a command, and an end that is missing is what a crash leaves.
  mutating func plant(inFormat fault: ArtifactFault) async throws -> SelfTest.Planted? {
    guard let decoded = ground.decoded else { return nil }
    let whole = decoded.artifacts.filter { isWhole($0, of: decoded) && (fault != .flipByte || hasChecksum($0)) }
    guard let artifact = chosen(whole, by: \.facts.bytesRead) else { return nil }
    let size = artifact.facts.bytesRead
    let copy: String
    let place: String
    if fault == .truncate {
      let kept = random.next(below: min(size, FaultPlanting.mostCopied))
      copy = try self.copy(artifact.file.path, subject: artifact.name, size: size, limit: kept)
      place = "\(artifact.name), cut off at byte \(kept)"
    } else {
      guard size <= FaultPlanting.mostCopied else { return nil }
      copy = try self.copy(artifact.file.path, subject: artifact.name, size: size)
      place = self.place(artifact.name, try FaultInjector.plant(fault, in: copy, seed: random.next()))
    }
    defer { unlink(copy) }
    var status = stat()
    guard lstat(copy, &status) == 0, fault != .truncate || UInt64(status.st_size) < size else {
      throw DrillError(.io, subject: artifact.name, detail: "no fault was planted: the copy is whole")
    }
    var manifest = decoded.manifest
    if let index = manifest.artifacts.firstIndex(where: { $0.name == artifact.name }) {
      manifest.artifacts[index].sizeBytes = UInt64(status.st_size)
    }
    var file = artifact.file
    file.path = copy
    let damaged = try await quietReading.read(
      NamedFile(name: artifact.name, file: file),
      allowed: DecodeCheck.allowedSlots(of: file.shard, in: manifest.topology))
    return SelfTest.Planted(
      part: .format, fault: fault.rawValue, place: place, expected: expected(of: fault),
      found: codes(
        try decoding(damaged.facts, damaged.whole, of: artifact, in: manifest),
        without: try decoding(artifact.facts, artifact.whole, of: artifact, in: decoded.manifest)
      ) { $0.artifact == artifact.name })
  }

  private func expected(of fault: ArtifactFault) -> [FindingCode] {
    switch fault {
    case .truncate: [.artifactUnreadable, .databaseCorrupt]
    case .append: [.trailingBytes, .artifactUnreadable]
    default: [.formatChecksumMismatch, .artifactUnreadable, .trailingBytes, .versionUnsupported]
    }
  }

  /// What the check says of one artifact, as it was read.
  func decoding(
    _ facts: ReadFacts, _ records: FoldedRecords, of artifact: DecodedArtifact, in manifest: Manifest
  ) throws -> [Finding] {
    try DecodeCheck(manifest).check([DecodeCheck.Reading(artifact: artifact.name, facts: facts, records: records)])
      .findings
  }

  /// Tells nobody how far it is.
  var quietReading: ArtifactReading {
    ArtifactReading(
      engine: runner.engine, seed: runner.drill.seed, sampleSize: 0, clock: manifest.cut.time, events: { _ in })
  }

  /// An artifact of one file whose every byte counts, and of which nothing was wrong.
  private func isWhole(_ artifact: DecodedArtifact, of decoded: Decoded) -> Bool {
    let hasCompanion =
      decoded.manifest.artifacts.contains { $0.role == .companion && $0.shard == artifact.file.shard }
      || decoded.backup.unsealed?.found.folder.found.contains { !$0.artifact.companions.isEmpty } ?? false
    return artifact.file.parts.isEmpty && !hasCompanion && ["rdb", "sqlite"].contains(artifact.file.format)
      && artifact.facts.problems.isEmpty && artifact.facts.bytesRead > 0
  }

  private func hasChecksum(_ artifact: DecodedArtifact) -> Bool {
    if case .present = artifact.facts.checksum { return artifact.facts.bytesRead <= FaultPlanting.mostCopied }
    return false
  }

  /// One of those that are small enough to be copied whole, drawn by the seed; else the smallest.
  private mutating func chosen<Part>(_ parts: [Part], by size: (Part) -> UInt64) -> Part? {
    let small = parts.filter { size($0) <= FaultPlanting.mostCopied }
    guard !small.isEmpty else { return parts.min { size($0) < size($1) } }
    return small[random.index(below: small.count)]
  }

  private func place(_ artifact: String, _ planted: PlantedFault) -> String {
    let extent = planted.count.map { $0 == 1 ? "" : " (\($0) bytes)" } ?? ""
    return artifact + (planted.offset.map { ", at byte \($0)\(extent)" } ?? "")
  }
}
