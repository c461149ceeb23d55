import DrillChecks
import DrillCrypto
import DrillModel
import Foundation

/// Runs a drill over one backup: the only place that knows the sequence.
///
/// Each stage takes what earlier ones returned and returns a value with a ``StageResult``. A stage that could not look becomes an obstacle, and the stages
/// that do not need it go on. What is not exactly what was sealed, or does not decode, is not restored.
struct DrillRunner: Sendable {
  var drill: DrillFile
  var engine: any Engine
  var catalog: Catalog
  /// What fetches from the catalog where it lies elsewhere; nil: it is a folder of this machine.
  var mirror: CatalogMirror?
  /// The live cluster, where the drill has one to ask.
  var cluster: ClusterFile?
  /// The backup to drill where nobody sealed it; nil: it is drilled by its manifest.
  var unsealed: FoundUnsealed?
  /// Up to where a chain is restored.
  var point = ChainPoint.cut
  /// What an earlier run read of the same unsealed backup.
  var earlier: RunRecords.ReadFiles?
  var trust: TrustPolicy
  /// The manifests that earlier runs found signed and whole, by backup.
  var known: [String: RunRecords.KnownManifest] = [:]
  /// Cuts of this cluster that earlier runs verified, for the recovery point.
  var verifiedCuts: [Instant]
  /// The run's private folder.
  var folder: String
  var events: DrillEventHandler
  /// All of them, but in tests.
  var checks = CheckSet.all

  /// Keys that a workload is drawn from, of each kind.
  static let sampleSize = 4096

  func run(_ backup: Catalog.Entry, into draft: inout RunDraft) async throws {
    let sealed = try await readManifest(of: backup, into: &draft)
    let reachable = try await fetched(sealed, &draft)
    let sealedFiles = try await stage(.integrity, "hashing every byte", &draft, needs: reachable) {
      try await checkIntegrity(of: $0)
    }
    let stored = try await assembled(try await opened(sealedFiles, &draft), &draft)
    let reference = try await stage(.integrity, "reading the captured reference", &draft, needs: stored) {
      try readReference(of: $0)
    }
    let decoded = try await stage(.decode, "reading every record", &draft, needs: stored) { try await decode($0) }
    let restored = try await stage(.restore, "restoring into sandboxes", &draft, needs: sound(decoded, draft)) {
      try await restore($0, sheet: reference?.answers)
    }
    try await stage(.compare, "comparing with what production held", &draft, needs: restored) {
      try await compare($0, with: reference)
    }
    try await stage(.drift, "comparing with other references", &draft, needs: restored) {
      try await attributeDrift(of: $0)
    }
    let ground = sealed.map {
      SelfTestGround(
        backup: $0, files: sealedFiles, reference: reference, decoded: decoded, restored: restored)
    }
    try await stage(.selfTest, "planting faults in copies, to see whether they are found", &draft, needs: ground) {
      try await testItself(on: $0)
    }
    try await lookAtImmutability(of: sealed, &draft)
    try await stage(.objectives, "measuring against the objectives", &draft, needs: sealed) { [run = draft.run] in
      checkObjectives(of: run, sealed: $0)
    }
  }

  /// What the backup says of itself; of one that nobody sealed, what its files tell.
  private func readManifest(of backup: Catalog.Entry, into draft: inout RunDraft) async throws -> DrilledBackup? {
    guard let unsealed else {
      return try await stage(.manifest, "reading the manifest", &draft) {
        try readManifest(of: backup, upTo: point)
      }
    }
    return try await stage(.manifest, "reading what the files tell", &draft) { try await survey(unsealed) }
  }

  /// What may be restored: nothing once something was found wrong with it.
  private func sound(_ decoded: Decoded?, _ draft: RunDraft) -> Decoded? { draft.run.findings.isEmpty ? decoded : nil }

  /// All that needs no restore. It plants no faults: that is for drills, which are recorded.
  ///
  /// - Parameter expected: the distribution of shards that the backup should cover; nil: its own alone.
  func check(
    _ backup: Catalog.Entry, expecting expected: (@Sendable () async throws -> ExpectedTopology)?,
    into draft: inout RunDraft
  ) async throws {
    let sealed = try await readManifest(of: backup, into: &draft)
    if let expected {
      try await stage(.manifest, "comparing with the expected topology", &draft, needs: sealed) { sealed in
        let expected = try await expected()
        return (
          (),
          StageResult(
            checks.judged(
              try ReadinessCheck.check(sealed.manifest, against: expected.topology, source: expected.source)))
        )
      }
    }
    let reachable = try await fetched(sealed, &draft)
    let sealedFiles = try await stage(.integrity, "hashing every byte", &draft, needs: reachable) {
      try await checkIntegrity(of: $0)
    }
    let stored = try await assembled(try await opened(sealedFiles, &draft), &draft)
    let reference = try await stage(.integrity, "reading the captured reference", &draft, needs: stored) {
      try readReference(of: $0)
    }
    let decoded = try await stage(.decode, "reading every record", &draft, needs: stored) { try await decode($0) }
    try await stage(.compare, "comparing with the captured counts", &draft, needs: decoded) {
      try compareArtifacts($0, with: reference)
    }
    try await lookAtImmutability(of: sealed, &draft)
  }

  // MARK: Stages

  /// Only where the drill requires it; of what nobody sealed there is no list of what must not change.
  private func lookAtImmutability(of backup: DrilledBackup?, _ draft: inout RunDraft) async throws {
    guard let probe = drill.immutability, backup?.unsealed == nil else { return }
    try await stage(.integrity, "asking whether artifacts can be changed", &draft, needs: backup) { backup in
      var judgement = Judgement()
      for link in backup.links {
        judgement += checks.judged(
          try ImmutabilityCheck.check(
            try await probe.ask(link, in: catalog, mirror: mirror), of: link.backup))
      }
      return ((), StageResult(judgement))
    }
  }

  /// A folder of this machine needs no fetching, and says nothing about it; what nobody sealed was fetched to be looked at.
  private func fetched(_ backup: DrilledBackup?, _ draft: inout RunDraft) async throws -> ReachableBackup? {
    guard mirror != nil, backup?.unsealed == nil else { return backup.map { ReachableBackup(backup: $0) } }
    return try await stage(.catalog, "fetching the backup", &draft, needs: backup) { try await fetch($0) }
  }

  /// What is stored as it was captured needs no opening. What is not what was sealed is not opened.
  private func opened(_ stored: StoredBackup?, _ draft: inout RunDraft) async throws -> StoredBackup? {
    guard let stored, stored.backup.links.contains(where: { $0.artifacts.areEncoded }) else { return stored }
    let sound = draft.run.findings.isEmpty ? stored : nil
    return try await stage(.decode, "opening what is stored encoded", &draft, needs: sound) { try await open($0) }
  }

  /// A full backup needs no putting together. A chain of which something was found wrong is not put together.
  private func assembled(_ stored: StoredBackup?, _ draft: inout RunDraft) async throws -> StoredBackup? {
    guard let stored, stored.backup.chain != nil else { return stored }
    let sound = draft.run.findings.isEmpty ? stored : nil
    return try await stage(.decode, "putting the chain together", &draft, needs: sound) { try await assemble($0) }
  }

  /// Runs one stage: tells who listens, absorbs what it returns, and turns "could not look" into an obstacle.
  ///
  /// - Throws: `CancellationError` where the run was told to stop: an interrupted run has no verdict.
  @discardableResult
  private func stage<Value: Sendable>(
    _ stage: Stage, _ detail: String, _ draft: inout RunDraft, _ work: () async throws -> (Value?, StageResult)
  ) async throws -> Value? {
    events(.started(stage, detail: detail))
    let start = ContinuousClock.now
    defer { events(.finished(stage, elapsed: start.duration(to: .now))) }
    do {
      let (value, result) = try await work()
      // What a stage says that was told to stop is about the stopping, not about the backup.
      try Task.checkCancellation()
      draft.absorb(result)
      draft.note(stage, ranToItsEnd: value != nil && result.judgement.obstacles.isEmpty)
      return value
    } catch let error as DrillError {
      try Task.checkCancellation()
      draft.absorb(StageResult(obstacle: error, stage: stage))
      draft.note(stage, ranToItsEnd: false)
      return nil
    }
  }

  /// The same for a stage that needs what an earlier one returned, and does not run without.
  @discardableResult
  private func stage<Needed: Sendable, Value: Sendable>(
    _ name: Stage, _ detail: String, _ draft: inout RunDraft, needs needed: Needed?,
    _ work: (Needed) async throws -> (Value?, StageResult)
  ) async throws -> Value? {
    guard let needed else {
      draft.note(name, ranToItsEnd: false)
      return nil
    }
    return try await stage(name, detail, &draft) { try await work(needed) }
  }
}
