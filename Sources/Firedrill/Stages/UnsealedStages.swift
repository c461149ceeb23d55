import DrillChecks
import DrillCrypto
import DrillModel
import Foundation

extension DrillRunner {
  /// What an unsealed backup is, by what its files tell and by what the drill states; nothing of it is proven.
  func survey(_ found: FoundUnsealed) async throws -> (DrilledBackup?, StageResult) {
    guard let foreign = engine as? any ForeignArtifacts else {
      throw DrillError(.usage, subject: engine.name, detail: "this engine does not know files that another tool made")
    }
    try ForeignFolder.refuseRivals(among: found.folder.found.map(\.artifact), of: foreign)
    var result = StageResult()
    result.backup = Run.BackupExamined(
      backup: found.id, manifest: nil, cut: nil, unsealed: UnsealedBackup(cutFrom: "not looked at"))
    let reading = ArtifactReading(
      engine: engine, seed: drill.seed, sampleSize: 0, clock: nil, events: events)
    var statement = found.selection.statement
    if let cluster = cluster?.description, cluster.engine == "redis", !cluster.isCluster, statement.topology == nil {
      statement.hasNoSlotMap = true
    }
    let assigned = try await statement.assign(
      found.folder.found, shardsBySlot: foreign.shardsBySlot, original: \.name,
      seen: { part in
        let read = try await reading.read(
          NamedFile(name: part.name, file: ArtifactFile(part.artifact, shard: part.name)), allowed: nil)
        return SlotSet(read.folded.fingerprint.countsPerSlot.keys)
      })
    let sharded = found.folder.found.map { (shard: assigned.shards[$0.name] ?? $0.name, found: $0) }
    let cut = try ForeignCut(sharded, stated: found.selection.cut.map { .init($0, by: "`cut:`") })
    let clock = cut.time ?? found.folder.fileTime ?? .now
    var artifacts: [Artifact] = []
    var paths: [String: String] = [:]
    for file in found.folder.files {
      var status = stat()
      guard lstat(file.path, &status) == 0 else {
        throw DrillError(.artifactUnreadable, subject: file.name, detail: "it went away: \(systemErrorText())")
      }
      paths[file.name] = file.path
      artifacts.append(
        Artifact(
          name: file.name, role: .data, shard: assigned.shards[file.main], format: file.format,
          sizeBytes: UInt64(max(0, status.st_size)), digest: Digest(words: (0, 0, 0, 0))))
    }
    let writers = Set(found.folder.found.compactMap(\.artifact.writer)).sorted().joined(separator: ", ")
    let manifest = Manifest(
      backup: found.id, cluster: cluster?.description.name ?? "", engine: engine.name, engineVersion: writers,
      cut: cut.cut(at: clock), scope: Manifest.Scope(), topology: assigned.topology, artifacts: artifacts)
    result.backup = Run.BackupExamined(
      backup: found.id, manifest: nil, cut: cut.time.map { cut.cut(at: $0) },
      unsealed: UnsealedBackup(cutFrom: cut.source))
    if let barren = found.barren {
      let newer = DrillError(
        .noSuchBackup, stage: .catalog, subject: barren,
        detail: "this folder is newer than \(found.id) and holds no artifact: see whether last night's job failed")
      result.judgement.obstacles.append(Run.Obstacle(newer, stage: .catalog))
    }
    result.notes = notes(
      of: found, cut, clock: clock, hasTopology: statement.topology != nil || !statement.slots.isEmpty)
    let survey = SurveyedUnsealed(
      found: found, paths: paths, cutTime: cut.time, cutFrom: cut.source, isDisjoint: assigned.isDisjoint)
    return (DrilledBackup(manifest: manifest, isTrusted: false, unsealed: survey), result)
  }

  /// What is missing for more, and what follows from it: a line each.
  private func notes(of found: FoundUnsealed, _ cut: ForeignCut, clock: Instant, hasTopology: Bool) -> [String] {
    var notes = [found.chosen].compactMap { $0 }
    if found.selection.digests == nil {
      notes.append(
        "unsealed: nothing says what the bytes should be; seal it with `firedrill seal`, or name a signed list with `digests:`"
      )
    }
    notes.append(
      "content at the cut unknown: no reference was captured; `firedrill capture` takes a backup with one")
    notes.append(
      cut.time == nil
        ? "the cut is unknown, \(cut.source): the sandbox's clock stands at the files' own time, \(clock), and records that had expired by then count as expired; state it with `cut:`"
        : "the cut's time: \(cut.source)")
    if !hasTopology, found.folder.found.count > 1 || (cluster?.description.isCluster ?? false) {
      notes.append("no topology is known: a shard whose file is missing cannot be seen; name one with `topology:`")
    }
    let companions = Set(found.folder.found.flatMap(\.artifact.companions))
    for path in companions.sorted() {
      notes.append(
        "\((path as NSString).lastPathComponent) is read along with its artifact; its own bytes are not hashed")
    }
    let others = found.folder.others.map(\.path).filter { !companions.contains("\(found.folder.root)/\($0)") }
    if !others.isEmpty {
      notes.append(
        "\(others.count) file\(others.count == 1 ? "" : "s") beside the artifacts, not looked into: \(others.prefix(3).joined(separator: ", "))\(others.count > 3 ? ", …" : "")"
      )
    }
    return notes
  }

  /// Every byte read and hashed: held against a list of digests where the drill names one, else only written down.
  func checkIntegrity(of backup: DrilledBackup, unsealed: SurveyedUnsealed) async throws -> (StoredBackup?, StageResult)
  {
    let manifest = backup.manifest
    let start = ContinuousClock.now
    let measured = await hash(unsealed.paths, of: manifest.artifacts.reduce(0) { $0 + $1.sizeBytes })
    try Task.checkCancellation()
    let known = try await knownDigests(unsealed)
    let listed = known.map { known in
      known.findings(
        about: manifest.artifacts.map { artifact in
          var digest: Digest?
          if case .read(_, let own)? = measured[artifact.name] { digest = own }
          return (unsealed.paths[artifact.name] ?? "", artifact.name, artifact.shard, digest)
        }, in: [unsealed.found.folder], backup: manifest.backup)
    }
    var result = StageResult(
      checks.judged(
        try UnsealedCheck.check(
          manifest, irregular: unsealed.found.folder.irregular, measured: measured, listed: listed)))
    result.phases = [PhaseTiming(.integrity, elapsed: start.duration(to: .now))]
    var files: [String: Digest] = [:]
    for (name, measurement) in measured { if case .read(_, let digest) = measurement { files[name] = digest } }
    // What is read along with an artifact is not hashed with it.
    let isAlone = unsealed.found.folder.found.allSatisfy(\.artifact.companions.isEmpty)
    let isProven = known?.signedBy != nil && result.judgement.isClean && isAlone
    result.unsealed = UnsealedBackup(
      files: files, cutFrom: unsealed.cutFrom, digestsSignedBy: isProven ? known?.signedBy : nil)
    if let known {
      result.notes.append(known.proof)
      if isProven {
        result.levels = [.init(.bytes, evidence: "\(manifest.artifacts.count) artifacts, read in full: \(known.proof)")]
      }
    }
    if let earlier, !files.isEmpty {
      let changed = files.filter { earlier.files[$0.key] != nil && earlier.files[$0.key] != $0.value }.keys.sorted()
      if !changed.isEmpty {
        result.notes.append(
          "not the bytes that run \(earlier.run) read: \(changed.prefix(3).joined(separator: ", "))\(changed.count > 3 ? ", …" : "")"
        )
      }
    }
    var sealed = backup
    for index in sealed.manifest.artifacts.indices {
      if let digest = files[sealed.manifest.artifacts[index].name] { sealed.manifest.artifacts[index].digest = digest }
    }
    return (
      StoredBackup(
        backup: sealed,
        data: unsealed.found.folder.found.map { part in
          NamedFile(
            name: part.name,
            file: ArtifactFile(
              part.artifact, shard: manifest.artifacts.first { $0.name == part.name }?.shard ?? part.name))
        }, intact: Set(files.keys)), result
    )
  }

  private func knownDigests(_ unsealed: SurveyedUnsealed) async throws -> KnownDigests? {
    guard let source = unsealed.found.selection.digests else { return nil }
    func inside(_ path: String) -> String {
      path.hasPrefix("/") || path.hasPrefix("~") ? path : unsealed.found.folder.root + "/" + path
    }
    let found = try DigestsSource(
      list: inside(source.list), signature: source.signature.map(inside), key: source.key)
    return try await KnownDigests(found, root: unsealed.found.folder.root)
  }

  /// Files with records of one slot, where no topology says who owns it.
  func doubles(in artifacts: [DecodedArtifact], of backup: DrilledBackup) -> [Finding] {
    guard backup.unsealed?.isDisjoint == true else { return [] }
    return SharedSlots.check(
      artifacts.map { ($0.name, $0.file.shard, SlotSet($0.whole.fingerprint.countsPerSlot.keys)) },
      backup: backup.manifest.backup)
  }
}

extension ArtifactFile {
  /// All files of an artifact where they lie.
  init(_ artifact: ForeignArtifact, shard: String) {
    self.init(
      shard: shard, format: artifact.files[0].format, path: artifact.path,
      parts: artifact.files.dropFirst().map(\.path))
  }
}
