import DrillChecks
import DrillCrypto
import DrillEngines
import DrillEvidence
import DrillModel
import DrillProduction
import Foundation

/// Everything around a drill's runs: folder, ledger, synthetic production, capture, selection, recording.
struct DrillSession: Sendable {
  var drill: DrillFile
  var options: RunOptions
  var events: DrillEventHandler
  private let engines = Engines()

  init(drill: DrillFile, options: RunOptions, events: @escaping DrillEventHandler) {
    self.drill = drill
    self.options = options
    self.events = events
  }

  func run() async throws -> [DrillOutcome] {
    let root = Workplace.workRoot(drill.sandbox.folder)
    let swept = try SandboxSweep.sweep(below: root)
    if let catalog = drill.catalog { StagingFolder.sweep(catalog: catalog) }
    if !swept.isEmpty {
      events(.note("removed what \(swept.count) interrupted run\(swept.count == 1 ? "" : "s") had left"))
    }
    let records = RunRecords(path: Workplace.ledgerPath(flag: options.ledger, drill: drill.ledger))
    return try await RunFolder.with(below: root) { folder in
      try await withProduction(in: folder) { production in
        try await withCapture(of: production?.cluster ?? drill.cluster, in: folder) { captured, key in
          if captured != nil { try await production?.disturb() }
          return try await runAll(
            captured: captured, key: key, cluster: production?.cluster ?? drill.cluster, in: folder, records: records)
        }
      }
    }
  }

  // MARK: Production and capture

  private func withProduction<R: Sendable>(
    in folder: String, _ body: @escaping @Sendable (SyntheticProduction?) async throws -> R
  ) async throws -> R {
    guard let file = drill.production else { return try await body(nil) }
    events(
      .note("making a synthetic production: \(file.records) records on \(file.shards) \(file.engine.rawValue) shards"))
    return try await SyntheticProduction.with(file, answers: drill.workload, seed: drill.seed, in: folder) {
      try await body($0)
    }
  }

  /// Takes a backup first where the drill says so, and keeps following its changes while `body` runs.
  private func withCapture<R: Sendable>(
    of cluster: ClusterFile?, in folder: String,
    _ body: @escaping @Sendable (SealedManifest?, SigningKey?) async throws -> R
  ) async throws -> R {
    guard let capture = drill.capture, let cluster else { return try await body(nil, nil) }
    let key = try capture.key.map(KeyFile.readSigningKey) ?? SigningKey.generate(.ed25519)
    let catalog = catalogRoot(folder)
    try FileManager.default.createDirectory(atPath: catalog, withIntermediateDirectories: true)
    let runner = CaptureRunner(
      engine: try engines.named(cluster.description.engine), cluster: cluster, catalog: catalog, key: key,
      rationale: "taken by drill \(drill.name)",
      follows: capture.follows, events: events)
    return try await runner.run { try await body($0, key) }
  }

  private func catalogRoot(_ folder: String) -> String { drill.catalog ?? "\(folder)/catalog" }

  // MARK: Runs

  private func runAll(
    captured: SealedManifest?, key: SigningKey?, cluster: ClusterFile?, in folder: String, records: RunRecords
  ) async throws -> [DrillOutcome] {
    var trusted = try drill.trust.map(KeyFile.readPublicKey)
    if drill.production != nil, let key { trusted.append(key.publicKey) }
    let name = cluster?.description.name
    let started = Instant.now
    let catalog: Catalog
    let selected: [Catalog.Entry]
    do {
      catalog = try Catalog(root: catalogRoot(folder))
      selected = try catalog.select(captured.map { .id($0.manifest.backup) } ?? drill.backups, cluster: name)
    } catch let error as DrillError where error.code == .noSuchBackup || error.code == .catalogEmpty {
      var draft = draft(cluster: name ?? "", engine: cluster?.description.engine ?? "", startedAt: started, records)
      draft.absorb(StageResult(finding: CatalogCheck.missing(error.detail)))
      return [records.record(draft.finish(), began: false)]
    }
    var outcomes: [DrillOutcome] = []
    for (number, entry) in selected.enumerated() {
      let engineName = entry.claimed?.engine ?? cluster?.description.engine ?? "sqlite"
      var draft = draft(cluster: name ?? entry.claimed?.cluster ?? "", engine: engineName, startedAt: .now, records)
      let runner = DrillRunner(
        drill: drill, engine: try engines.named(engineName), catalog: catalog, cluster: cluster, trusted: trusted,
        verifiedCuts: records.verifiedCuts(of: draft.run.cluster), folder: "\(folder)/r\(number)", events: events)
      try FileManager.default.createDirectory(
        atPath: runner.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      if let live = cluster?.description { try LiveGuard.check(live, folder: runner.folder) }
      let began = records.begin(draft.run)
      try await runner.run(entry, into: &draft)
      let run = draft.finish()
      records.see(draft.topology, of: run.cluster, in: "backup \(entry.id)")
      outcomes.append(records.record(run, began: began))
    }
    records.anchor(in: drill.catalog, key: key)
    return outcomes
  }

  private func draft(cluster: String, engine: String, startedAt: Instant, _ records: RunRecords) -> RunDraft {
    var run = Run(
      id: "\(drill.name)-\(Identifier.fresh(at: startedAt))", drill: drill.name, cluster: cluster, engine: engine,
      files: drill.texts,
      seed: drill.seed, startedAt: startedAt, finishedAt: startedAt, tool: "firedrill \(Firedrill.version)",
      host: Workplace.host,
      requiredLevel: drill.level)
    run.governance = drill.governance
    return RunDraft(run, redactor: options.showsKeys ? nil : records.redactor, events: events)
  }
}
