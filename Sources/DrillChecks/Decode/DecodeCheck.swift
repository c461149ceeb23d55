public import DrillModel

/// Judges what reading the data artifacts gave: whether all decodes, and whether each shard holds what it may hold.
public struct DecodeCheck: Sendable {
  public var manifest: Manifest
  /// The newest format version that the sandbox's server loads; nil: not known before it tries.
  public var newestVersion: Int?

  public init(_ manifest: Manifest, newestVersion: Int? = nil) {
    self.manifest = manifest
    self.newestVersion = newestVersion
  }

  /// One data artifact as it was read.
  public struct Reading: Sendable {
    /// The artifact's name in the manifest.
    public var artifact: String
    public var facts: ReadFacts
    public var records: FoldedRecords

    public init(artifact: String, facts: ReadFacts, records: FoldedRecords) {
      self.artifact = artifact
      self.facts = facts
      self.records = records
    }
  }

  /// The slots of which a shard's artifact may hold records, for ``FoldPlan/allowedSlots``; nil where the store maps
  /// no slots.
  public static func allowedSlots(of shard: String, in topology: Topology) -> SlotSet? {
    topology.mapsSlots ? topology.slotsAllowed(in: shard) : nil
  }

  /// - Parameters:
  ///   - readings: one for each data artifact that was read; folded with ``allowedSlots(of:in:)``.
  ///   - unread: why the other data artifacts were not, by name; those named nowhere count as unavailable.
  ///   - strays: how many misplaced records of a shard lie in another as well, by shard; see ``PlacementCheck``.
  public func check(
    _ readings: [Reading], unread: [String: SkipReason] = [:], strays: [String: PlacementCheck.StrayCopies] = [:]
  ) throws -> Judgement {
    var judgement = Judgement()
    let byName = Dictionary(readings.map { ($0.artifact, $0) }, uniquingKeysWith: { first, _ in first })
    let data = ArtifactGroup.data(of: manifest.artifacts)
    for artifact in data {
      guard let reading = byName[artifact.name] else { continue }
      judgement.findings += findings(artifact, reading)
      judgement.findings += misplaced(
        artifact, reading.records.misplaced, strays[artifact.shard ?? ""] ?? PlacementCheck.StrayCopies())
      judgement.obstacles += reading.facts.unseen.map { unseen in
        Run.Obstacle(
          DrillError(
            .featureMissing, stage: .decode, subject: "\(artifact.name), \(unseen.name)", detail: unseen.detail),
          stage: .decode)
      }
    }
    judgement.findings += mapFindings(data)
    judgement.coverage = [
      try slotCoverage(data, byName, unread), try byteCoverage(data, byName), try recordCoverage(data, byName),
      try checksumCoverage(data, byName, unread),
    ].compactMap { $0 }
    return judgement
  }

  private func subject(_ artifact: ArtifactGroup, offset: Int64? = nil, part: String? = nil) -> Finding.Subject {
    Finding.Subject(
      backup: manifest.backup, shard: artifact.shard, artifact: artifact.name(ofPart: part), offset: offset)
  }

  private func findings(_ artifact: ArtifactGroup, _ reading: Reading) -> [Finding] {
    var found: [Finding] = []
    let facts = reading.facts
    for problem in facts.problems {
      switch problem.kind {
      case .undecodable:
        found.append(
          unreadable(artifact, "bytes that decode", problem.detail, offset: problem.offset, part: problem.part))
      case .missingPart:
        found.append(
          Finding(
            .artifactMissing, stage: .decode, subject: subject(artifact), expected: "all files of the artifact",
            observed: problem.detail))
      case .unnamedPart:
        found.append(
          Finding(
            .artifactUnexpected, stage: .decode, subject: subject(artifact, part: problem.part),
            expected: "files that belong to the artifact", observed: problem.detail))
      case .unsupportedVersion:
        found.append(
          RestoreCheck.versionUnsupported(
            subject(artifact, offset: problem.offset, part: problem.part), stage: .decode, problem.detail))
      case .databaseCorrupt:
        found.append(
          Finding(
            .databaseCorrupt, stage: .decode, subject: subject(artifact, offset: problem.offset),
            expected: "a whole database",
            observed: problem.detail))
      case .conflict: found.append(ChainCheck.conflict(subject(artifact, offset: problem.offset), problem.detail))
      case .foreignKey:
        found.append(
          Finding(
            .foreignKeyViolated, stage: .decode, subject: subject(artifact, offset: problem.offset),
            expected: "every reference leads to a row", observed: problem.detail))
      }
    }
    if facts.problems.isEmpty {
      if reading.records.brokenRecords > 0 {
        found.append(
          unreadable(
            artifact, "whole records", "\(Wording.count(reading.records.brokenRecords, "record")) broken off",
            offset: nil))
      } else if facts.bytesRead < artifact.sizeBytes {
        found.append(
          unreadable(
            artifact, "\(artifact.sizeBytes) bytes to read", "the reader stopped",
            offset: Int64(clamping: facts.bytesRead)))
      }
    }
    if let version = facts.formatVersion, let newestVersion, version > newestVersion {
      found.append(
        RestoreCheck.versionUnsupported(
          subject(artifact), stage: .decode,
          "format version \(version); the sandbox's server loads up to \(newestVersion)"))
    }
    if case .present(let stored, let computed) = facts.checksum, stored != computed {
      found.append(
        Finding(
          .formatChecksumMismatch, stage: .decode, subject: subject(artifact),
          expected: "checksum \(stored), as stored",
          observed: "checksum \(computed), as computed"))
    }
    if facts.bytesAfterEnd > 0 {
      found.append(
        Finding(
          .trailingBytes, stage: .decode, subject: subject(artifact), expected: "nothing after the format's end",
          observed: Wording.count(facts.bytesAfterEnd, "byte")))
    }
    return found
  }

  private func unreadable(
    _ artifact: ArtifactGroup, _ expected: String, _ observed: String, offset: Int64?, part: String? = nil
  ) -> Finding {
    Finding(
      .artifactUnreadable, stage: .decode, subject: subject(artifact, offset: offset, part: part), expected: expected,
      observed: observed)
  }

  /// One finding for an artifact, with the first record that does not belong.
  private func misplaced(
    _ artifact: ArtifactGroup, _ misplaced: MisplacedRecords, _ copies: PlacementCheck.StrayCopies
  ) -> [Finding] {
    guard misplaced.count > 0 else { return [] }
    var subject = subject(artifact)
    if let sample = misplaced.samples.first {
      subject.namespace = sample.namespace
      subject.slot = sample.slot
      subject.key = .clear(sample.key)
    }
    let allowed = artifact.shard.map { manifest.topology.slotsAllowed(in: $0).count } ?? 0
    let count = Wording.count(misplaced.count, "record")
    let elsewhere = copies.equal + copies.different
    let also =
      elsewhere == 0
      ? "" : "; \(elsewhere) of them lie in another shard as well, \(copies.different) with different content"
    return [
      Finding(
        .slotMisplaced, stage: .decode, subject: subject,
        expected: "records of the shard's \(Wording.count(allowed, "slot")) alone",
        observed:
          "\(count) of \(Wording.count(misplaced.slots.count, "slot")) that it neither owned nor was receiving\(also)")
    ]
  }

  private var shardsWithData: Set<String> { Set(manifest.artifacts.filter { $0.role == .data }.compactMap(\.shard)) }

  /// Holes and overlaps: facts of the manifest alone.
  private func mapFindings(_ data: [ArtifactGroup]) -> [Finding] {
    var found: [Finding] = []
    let holders = shardsWithData
    let scope = manifest.scope.slots
    for shard in manifest.topology.shards where !holders.contains(shard.name) {
      let lost = shard.slots.intersection(scope)
      guard !lost.isEmpty || !manifest.topology.mapsSlots else { continue }
      found.append(hole(shard.name, lost, "no artifact holds the shard"))
    }
    if manifest.topology.mapsSlots {
      let unowned = scope.subtracting(manifest.topology.slots)
      if !unowned.isEmpty { found.append(hole(nil, unowned, "no shard owns them")) }
      found += overlaps(scope)
    }
    for (shard, artifacts) in Dictionary(grouping: data, by: \.shard).sorted(by: { ($0.key ?? "") < ($1.key ?? "") })
    where artifacts.count > 1 {
      found.append(
        Finding(
          .slotOverlap, stage: .decode, subject: Finding.Subject(backup: manifest.backup, shard: shard),
          expected: "one data artifact for a shard", observed: artifacts.map(\.name).sorted().joined(separator: ", ")))
    }
    return found
  }

  private func hole(_ shard: String?, _ slots: SlotSet, _ reason: String) -> Finding {
    Finding(
      .coverageHole, stage: .decode,
      subject: Finding.Subject(backup: manifest.backup, shard: shard, slot: slots.slots.first),
      expected: "an artifact for every slot of the scope",
      observed: "\(Wording.count(slots.count, "slot")) (\(Excerpt.of(slots))): \(reason)")
  }

  private func overlaps(_ scope: SlotSet) -> [Finding] {
    var found: [Finding] = []
    var taken = SlotSet()
    for shard in manifest.topology.shards {
      let twice = taken.intersection(shard.slots)
      taken = taken.union(shard.slots)
      guard !twice.isEmpty else { continue }
      found.append(
        Finding(
          .slotOverlap, stage: .decode,
          subject: Finding.Subject(backup: manifest.backup, shard: shard.name, slot: twice.slots.first),
          expected: "one owner for a slot",
          observed: "\(Wording.count(twice.count, "slot")) (\(Excerpt.of(twice))) owned by another shard as well"))
    }
    return found
  }

  // MARK: - Coverage

  private func isWhole(_ reading: Reading, _ artifact: ArtifactGroup) -> Bool {
    !reading.facts.problems.contains {
      [.undecodable, .unsupportedVersion, .missingPart, .unnamedPart].contains($0.kind)
    }
      && reading.records.brokenRecords == 0 && reading.facts.bytesRead >= artifact.sizeBytes
  }

  /// A slot was examined when the artifacts of its owner, and of the source and target of its move, were read whole.
  private func slotCoverage(
    _ data: [ArtifactGroup], _ readings: [String: Reading], _ unread: [String: SkipReason]
  ) throws -> Run.StageCoverage {
    var reasons: [String: SkipReason] = [:]
    for shard in manifest.topology.shards { reasons[shard.name] = .artifactUnavailable }
    for artifact in data {
      guard let shard = artifact.shard else { continue }
      if let reading = readings[artifact.name] {
        reasons[shard] = isWhole(reading, artifact) ? nil : .artifactUnavailable
      } else {
        reasons[shard] = unread[artifact.name] ?? .artifactUnavailable
      }
    }
    var left = manifest.scope.slots
    var skipped: [SkipReason: UInt64] = [:]
    for (shard, reason) in reasons.sorted(by: { $0.key < $1.key }) {
      let own = manifest.topology.mapsSlots ? manifest.topology.slotsAllowed(in: shard) : SlotSet.all
      let lost = own.intersection(left)
      skipped[reason, default: 0] += UInt64(lost.count)
      left = left.subtracting(lost)
    }
    let unowned = left.subtracting(manifest.topology.mapsSlots ? manifest.topology.slots : .all)
    skipped[.artifactUnavailable, default: 0] += UInt64(unowned.count)
    left = left.subtracting(unowned)
    let declared = UInt64(manifest.scope.slots.count)
    return Run.StageCoverage(
      .decode, of: "slots of the scope",
      try Coverage(.slots, declared: declared, examined: UInt64(left.count), skipped: skipped))
  }

  /// Records that the reader counted, against those that were folded. What damage hides is not in it: bytes and slots
  /// say that.
  private func recordCoverage(_ data: [ArtifactGroup], _ readings: [String: Reading]) throws -> Run.StageCoverage {
    var declared: UInt64 = 0
    var examined: UInt64 = 0
    var leftOut: UInt64 = 0
    var unseen: UInt64 = 0
    for artifact in data {
      guard let reading = readings[artifact.name] else { continue }
      declared += max(reading.facts.records, reading.records.records)
      examined += reading.records.records
      leftOut += UInt64(reading.facts.leftOutRecords.count)
      unseen += reading.facts.unseen.reduce(0) { $0 + $1.records }
    }
    return Run.StageCoverage(
      .decode, of: "records of the artifacts",
      try Coverage(
        .records, declared: declared + leftOut + unseen, examined: examined,
        skipped: [.artifactUnavailable: declared - examined, .notModelled: leftOut, .featureMissing: unseen]))
  }

  /// Bytes that records come from, against those that were read and left out; nil where none were left out.
  private func byteCoverage(
    _ data: [ArtifactGroup], _ readings: [String: Reading]
  ) throws -> Run.StageCoverage? {
    let read = data.compactMap { artifact in readings[artifact.name].map { (artifact, $0) } }
    guard read.contains(where: { !$0.1.facts.leftOutBytes.isEmpty }) else { return nil }
    var examined: UInt64 = 0
    var skipped: [SkipReason: UInt64] = [:]
    for (artifact, reading) in read {
      guard isWhole(reading, artifact) else {
        skipped[.artifactUnavailable, default: 0] += artifact.sizeBytes
        continue
      }
      var left = artifact.sizeBytes
      for (reason, bytes) in reading.facts.leftOutBytes.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        let taken = min(bytes, left)
        skipped[reason, default: 0] += taken
        left -= taken
      }
      examined += left
    }
    return Run.StageCoverage(
      .decode, of: "bytes of the artifacts",
      try Coverage(.bytes, declared: read.reduce(0) { $0 + $1.0.sizeBytes }, examined: examined, skipped: skipped))
  }

  /// Bytes under the format's own checksum; nil where no artifact's format has one.
  private func checksumCoverage(
    _ data: [ArtifactGroup], _ readings: [String: Reading], _ unread: [String: SkipReason]
  ) throws -> Run.StageCoverage? {
    var declared: UInt64 = 0
    var examined: UInt64 = 0
    var skipped: [SkipReason: UInt64] = [:]
    for artifact in data {
      guard let reading = readings[artifact.name] else { continue }
      let covered = min(reading.facts.checksumBytes ?? artifact.sizeBytes, artifact.sizeBytes)
      switch reading.facts.checksum {
      case .present:
        examined += covered
        declared += covered
      case .disabled:
        skipped[.checksumDisabled, default: 0] += covered
        declared += covered
      case .absent:
        // Without a problem the format has no checksum, and nothing was declared.
        guard !isWhole(reading, artifact) else { continue }
        skipped[.artifactUnavailable, default: 0] += artifact.sizeBytes
        declared += artifact.sizeBytes
      }
    }
    guard declared > 0 else { return nil }
    return Run.StageCoverage(
      .decode, of: "format checksums", try Coverage(.bytes, declared: declared, examined: examined, skipped: skipped))
  }
}

/// The beginning of a long list of slots.
enum Excerpt {
  static func of(_ slots: SlotSet) -> String {
    let text = slots.description
    guard text.count > 60 else { return text }
    return text.prefix(60).split(separator: ",").dropLast().joined(separator: ",") + ",…"
  }

  /// A shard's name as findings show it: a node id is long.
  static func of(shard name: String) -> String { name.count > 12 ? String(name.prefix(12)) : name }
}
