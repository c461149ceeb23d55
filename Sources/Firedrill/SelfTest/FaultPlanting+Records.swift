import DrillChecks
import DrillFaults
import DrillModel

extension FaultPlanting {
  /// A fault in a record on its way into the fold, of which the result is held against what the run holds.
  ///
  /// Only a beginning of the artifact is read and folded again, with the fault; the rest of the records is as the run folded it.
  mutating func plant(_ fault: RecordFault, in part: SelfTest.Part) async throws -> SelfTest.Planted? {
    guard let known = try await readBeginning() else { return nil }
    let shard = known.artifact.file.shard
    var allowed: SlotSet?
    var target: Slot?
    if part == .placement {
      allowed = DecodeCheck.allowedSlots(of: shard, in: manifest.topology)
      let foreign = allowed.map { SlotSet.all.subtracting($0).slots } ?? []
      guard !foreign.isEmpty else { return nil }
      target = foreign[random.index(below: foreign.count)]
    }
    var batches = known.batches
    var injector = RecordFaultInjector(SeededGenerator(seed: random.next()))
    guard let planted = try injector.plant(fault, in: &batches, among: slots(for: part, of: shard), to: target) else {
      return nil
    }
    let faulty = ArtifactBeginning.fold(
      batches, FoldPlan(allowedSlots: allowed, seed: known.artifact.folded.sample.seed))
    func put(_ folded: FoldedRecords) -> FoldedRecords { folded.replacing(known.folded, by: faulty) }
    guard let verdict = try judge(part, known.artifact, put) else { return nil }
    return SelfTest.Planted(
      part: part, fault: fault.rawValue, place: "shard \(shard), \(planted.namespace), slot \(planted.slot)",
      expected: [verdict.expected],
      found: codes(verdict.with, without: verdict.without) { subject in
        part == .placement
          || (subject.slot ?? planted.slot) == planted.slot
            && (subject.namespace ?? planted.namespace) == planted.namespace
      })
  }

  /// Of the smallest artifact, which a sandbox gave back where one did.
  private mutating func readBeginning() async throws -> ArtifactBeginning? {
    if let beginning { return beginning }
    let held = ground.restored?.held
    let candidates = (ground.decoded?.artifacts ?? []).filter {
      $0.folded.records > 0 && $0.facts.problems.isEmpty
        && (held.map { $0.keys.contains } ?? { _ in true })($0.file.shard)
    }
    guard let smallest = candidates.min(by: { $0.facts.bytesRead < $1.facts.bytesRead }) else { return nil }
    beginning = try await ArtifactBeginning.read(smallest, by: runner.engine, clock: manifest.cut.time)
    return beginning
  }

  /// Where a fault shows to the check of a part.
  private func slots(for part: SelfTest.Part, of shard: String) -> SlotSet {
    switch part {
    case .content: ground.restored?.slots ?? SlotSet()
    case .counts:
      if let counted = ground.reference?.counts?.shards[shard] {
        SlotSet(counted.keys.compactMap { UInt16($0) }.filter { $0 < Slot.count }.map { Slot(rawValue: $0) })
          .subtracting(SlotSet(manifest.topology.moves.map(\.slot)))
      } else {
        ground.reference?.counts?.namespaces?[shard] == nil ? SlotSet() : .all
      }
    default: .all
    }
  }

  /// The findings with the fault and without it, and the one that has to come of it.
  private func judge(
    _ part: SelfTest.Part, _ artifact: DecodedArtifact, _ put: (FoldedRecords) -> FoldedRecords
  ) throws -> (expected: FindingCode, with: [Finding], without: [Finding])? {
    let shard = artifact.file.shard
    if part == .placement {
      return (
        .slotMisplaced, try decoding(artifact.facts, put(artifact.whole), of: artifact, in: manifest),
        try decoding(artifact.facts, artifact.whole, of: artifact, in: manifest)
      )
    }
    guard let restored = ground.restored, let held = restored.held[shard], let facts = restored.read[shard] else {
      return nil
    }
    switch part {
    case .restored:
      let check = RestoredCheck(backup: manifest.backup, independentReaders: restored.readers)
      func findings(_ sandbox: FoldedRecords) throws -> [Finding] {
        try check.check(
          shard: shard, artifact: artifact.folded, sandbox: sandbox, facts: facts,
          leftOut: UInt64(artifact.facts.leftOutRecords.count), keys: restored.keyDiffs[shard]
        ).findings
      }
      let own = restored.comparable[shard] ?? held
      return (.restoredDiffers, try findings(put(own)), try findings(own))
    case .counts:
      guard let counts = ground.reference?.counts else { return nil }
      func findings(_ restored: Restored) throws -> [Finding] {
        try runner.compareCounts(restored, counts).findings
      }
      return (.countDiffers, try findings(restored.replacing(shard, by: put(held))), try findings(restored))
    case .content:
      guard let fingerprint = ground.reference?.fingerprint else { return nil }
      func findings(_ folded: FoldedRecords) throws -> [Finding] {
        try runner.contentCheck(of: restored, with: ground.reference).checkFingerprint(
          fingerprint, restored: folded.fingerprint, slots: restored.slots
        ).findings
      }
      return (.contentDiffers, try findings(put(restored.folded)), try findings(restored.folded))
    case .manifest, .bytes, .format, .placement, .answers: return nil
    }
  }
}

extension Restored {
  /// With other records in the place of what a shard's sandbox held.
  fileprivate func replacing(_ shard: String, by records: FoldedRecords) -> Restored {
    var other = self
    other.held[shard] = records
    return other
  }
}
