import DrillChecks
import DrillCrypto
import DrillEngines
import DrillEvidence
import DrillModel
import DrillProduction
import Foundation

/// Everything around a drill's runs: lock, folder, ledger, synthetic production, capture, selection, recording.
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

  /// What a session needs throughout, read before anything is recorded.
  private struct Setting: Sendable {
    var folder: String
    var records: RunRecords
    /// To seal with; nil where nothing is captured.
    var key: SigningKey?
    var trust: TrustPolicy
    var runs: SessionRuns
  }

  func run() async throws -> [DrillOutcome] {
    switch try await run(unlessPassedWithin: nil) {
    case .ran(let outcomes): return outcomes
    case .skipped: preconditionFailure("nothing is skipped unless an age is given")
    }
  }

  /// - Parameter maxAge: age within which a passing run is relied on instead.
  func run(unlessPassedWithin maxAge: Duration?) async throws -> SessionResult {
    let key = try drill.capture.map { try $0.key.map(KeyFile.readSigningKey) ?? SigningKey.generate(.ed25519) }
    var trust = try drill.trust.policy()
    if drill.production != nil, let key { trust = trust.adding(key.publicKey) }

    let root = Workplace.workRoot(drill.sandbox.folder)
    let ledger = Workplace.ledgerPath(flag: options.ledger, drill: drill.ledger)
    let records = RunRecords(path: ledger)
    return try await DrillLock.with(drill: drill.name, ledger: ledger, work: root) { [trust] in
      if let maxAge, let skipped = try skip(maxAge, records) { return .skipped(skipped) }
      try sweep(root)
      let outcomes = try await RunFolder.with(below: root) { folder in
        if let live = drill.cluster?.description { try LiveGuard.check(live, folder: folder) }
        let setting = Setting(
          folder: folder, records: records, key: key, trust: trust, runs: SessionRuns(first: begin(records)))
        try await work(setting)
        return setting.runs.outcomes
      }
      await tell(of: outcomes, records)
      await anchor(records, key: key)
      return .ran(outcomes)
    }
  }

  /// Tells whoever the drill names; a failure is recorded and said, and changes nothing else.
  private func tell(of outcomes: [DrillOutcome], _ records: RunRecords) async {
    guard !drill.notify.isEmpty else { return }
    let told = await Delivery.with { await Notifier(targets: drill.notify, delivery: $0).tell(of: outcomes) }
    for sent in told {
      records.append(sent)
      let tries = "\(sent.attempts) attempt\(sent.attempts == 1 ? "" : "s")"
      events(
        .note(
          "\(sent.target): \(sent.delivered ? "told" : "could NOT be told") of \(sent.about), \(tries), \(sent.outcome)"
        ))
    }
  }

  /// Leaves the ledger's tree head in the catalog. In a folder a failure shows at the next `ledger verify`; of a remote one it is said at once.
  private func anchor(_ records: RunRecords, key: SigningKey?) async {
    guard let (remote, settings) = drill.remoteCatalog.map({ ($0.remote, $0.settings) }) else {
      return records.anchor(in: drill.catalog, key: key)
    }
    guard !remote.isReadOnly else { return }
    do {
      try await CatalogMirror.opened(remote, settings, events: { _ in }).leaveHeads {
        try records.writeAnchor(to: $0, key: key)
      }
    } catch {
      events(.note("the ledger's tree head was NOT anchored in \(remote.text): \(error)"))
    }
  }

  private func skip(_ maxAge: Duration, _ records: RunRecords) throws -> DrillSkipped? {
    let seconds = maxAge.components.seconds
    guard
      let run = records.history(of: drill.clusterName)?.recentPass(
        of: drill.name, cluster: drill.clusterName, policy: try PolicyDigest.of(drill.texts), seed: drill.seed,
        level: drill.level, within: seconds, at: .now)
    else { return nil }
    let skipped = DrillSkipped(drill: drill.name, cluster: drill.clusterName, reliesOn: run.run, maxAge: seconds)
    // Unrecorded, it would be a drill that was missed.
    return records.append(skipped) ? skipped : nil
  }

  private func sweep(_ root: String) throws {
    let swept = try SandboxSweep.sweep(below: root)
    if let catalog = drill.catalog { StagingFolder.sweep(catalog: catalog) }
    guard !swept.isEmpty else { return }
    events(.note("removed what \(swept.count) interrupted run\(swept.count == 1 ? "" : "s") had left"))
  }

  /// Everything that can fail once the first run is begun: the failure stands in a run.
  private func work(_ setting: Setting) async throws {
    do {
      try await withProduction(in: setting.folder) { production in
        guard let cluster = production?.cluster ?? drill.cluster else {
          preconditionFailure("a drill names a cluster or makes one")
        }
        try await withCapture(of: cluster, setting) { captured in
          if captured != nil { try await production?.disturb() }
          try await runAll(captured: captured, cluster: cluster, setting)
        }
      }
    } catch let error where !(error is CancellationError) {
      // What stumbles over being told to stop says nothing: such a run is interrupted, and has no verdict.
      try Task.checkCancellation()
      var run = setting.runs.takeFirst() ?? begin(setting.records)
      let problem = error as? DrillError ?? DrillError(.io, subject: drill.name, detail: "\(error)", underlying: error)
      run.draft.absorb(StageResult(obstacle: problem, stage: .catalog))
      record(&run, setting)
    }
  }

  // MARK: Production and capture

  private func withProduction(
    in folder: String, _ body: @escaping @Sendable (SyntheticProduction?) async throws -> Void
  ) async throws {
    guard let file = drill.production else { return try await body(nil) }
    events(
      .note("making a synthetic production: \(file.records) records on \(file.shards) \(file.engine.rawValue) shards"))
    try await SyntheticProduction.with(file, answers: drill.workload, seed: drill.seed, in: folder) {
      try await body($0)
    }
  }

  /// Takes a backup first where the drill says so, and keeps following its changes while `body` runs.
  private func withCapture(
    of cluster: ClusterFile, _ setting: Setting, _ body: @escaping @Sendable (SealedManifest?) async throws -> Void
  ) async throws {
    guard let capture = drill.capture, let key = setting.key else { return try await body(nil) }
    let catalog = catalogRoot(setting)
    try FileManager.default.createDirectory(atPath: catalog, withIntermediateDirectories: true)
    let runner = CaptureRunner(
      engine: try engines.named(cluster.description.engine), cluster: cluster, catalog: catalog, key: key,
      retention: capture.retention, rationale: capture.rationale ?? "taken by drill \(drill.name)",
      follows: capture.follows, on: capture.on, trust: setting.trust,
      encoding: capture.encoding ?? cluster.encoding, keys: drill.keys, events: events)
    try await runner.run { sealed in
      setting.records.see(sealed.manifest.topology, of: cluster.description.name, in: TopologySeen.live)
      try await body(sealed)
    }
  }

  private func catalogRoot(_ setting: Setting) -> String {
    if drill.catalog == nil, case .unsealed(let selection) = drill.backups, let path = selection.path {
      return (path as NSString).deletingLastPathComponent
    }
    return drill.catalog ?? "\(setting.folder)/catalog"
  }

  private func place(_ setting: Setting) -> CatalogPlace {
    drill.remoteCatalog.map { .remote($0.remote, $0.settings) } ?? .folder(catalogRoot(setting))
  }

  // MARK: Runs

  private func runAll(captured: SealedManifest?, cluster: ClusterFile, _ setting: Setting) async throws {
    let description = cluster.description
    let opened: OpenedCatalog
    let choice: BackupChoice
    var unsealed: FoundUnsealed?
    var fetched: FetchedBackup?
    do {
      opened = try await place(setting).opened(events: events)
      (unsealed, fetched) = try await chooseUnsealed(description.engine, opened)
      choice =
        try unsealed.map { BackupChoice(entries: [Catalog.Entry(id: $0.id, claimed: nil, problem: nil)]) }
        ?? BackupChooser(
          catalog: opened.catalog, cluster: description.name, trust: setting.trust,
          requiresSignature: drill.requiresSignature,
          restoresWithinLinks: (try engines.named(description.engine) as? any ChainRestoring)?.restoresWithinLinks
            ?? false
        ).choose(
          try captured.map { .id($0.manifest.backup) }
            ?? drill.backups.resolved(setting.records.history(of: description.name), of: description.name))
    } catch let error as DrillError where error.code == .noSuchBackup || error.code == .catalogEmpty {
      var run = setting.runs.takeFirst() ?? begin(setting.records)
      run.draft.absorb(
        StageResult(
          finding: CatalogCheck.missing(
            error.code == .catalogEmpty ? "any of this cluster" : error.subject, error.detail)))
      return record(&run, setting)
    }
    for (number, entry) in choice.entries.enumerated() {
      var run = setting.runs.takeFirst() ?? begin(setting.records)
      let runner = DrillRunner(
        drill: drill, engine: try engines.named(description.engine), catalog: opened.catalog, mirror: opened.mirror,
        cluster: cluster, unsealed: unsealed, point: choice.point ?? .cut,
        earlier: unsealed.flatMap { setting.records.readFiles(of: $0.id, cluster: description.name) },
        trust: setting.trust, known: setting.records.manifests(of: description.name),
        verifiedCuts: setting.records.verifiedCuts(of: description.name),
        folder: "\(setting.folder)/r\(number)", events: events)
      try FileManager.default.createDirectory(
        atPath: runner.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      try LiveGuard.check(description, folder: runner.folder)
      if let fetched, let mirror = opened.mirror { run.draft.absorb(StageResult(fetched, by: mirror)) }
      try await runner.run(entry, into: &run.draft)
      if number == 0 { run.draft.absorb(StageResult(doubts: choice)) }
      setting.records.see(
        run.draft.topology, of: description.name, in: "backup \(entry.id)", at: run.draft.run.backups.last?.cut?.time)
      setting.records.see(run.draft.liveTopology, of: description.name, in: TopologySeen.live)
      record(&run, setting)
    }
  }

  /// The backup that nobody sealed, where the drill selects one.
  private func chooseUnsealed(
    _ engine: String, _ opened: OpenedCatalog
  ) async throws -> (FoundUnsealed?, FetchedBackup?) {
    guard case .unsealed(var selection) = drill.backups else { return (nil, nil) }
    guard let foreign = try engines.named(engine) as? any ForeignArtifacts else {
      throw DrillError(.usage, subject: engine, detail: "this engine does not know files that another tool made")
    }
    guard let mirror = opened.mirror else {
      return (try UnsealedChooser(catalog: drill.catalog, engine: foreign).choose(selection), nil)
    }
    // Of a remote only names, sizes and times are known before it is fetched.
    let folders = mirror.unsealedFolders
    let isLatest = selection.path == nil
    guard let folder = selection.path ?? folders.first else {
      throw DrillError(
        .catalogEmpty, stage: .catalog, subject: "latest",
        detail: "\(mirror.remote.text) holds no folder without a manifest; see whether the backup job ran")
    }
    let fetched = try await mirror.fetch(folder: folder)
    selection.path = folder
    var found = try UnsealedChooser(catalog: opened.catalog.root, engine: foreign).choose(selection)
    if isLatest {
      found.chosen =
        "\(folder) is the newest of \(folders.count) unsealed, by the times that the remote gives"
    }
    return (found, fetched)
  }

  private func begin(_ records: RunRecords) -> SessionRuns.Begun {
    let started = Instant.now
    var run = Run(
      id: "\(drill.name)-\(Identifier.fresh(at: started))", drill: drill.name, cluster: drill.clusterName,
      engine: drill.engineName, files: drill.texts, seed: drill.seed, startedAt: started, finishedAt: started,
      tool: "firedrill \(Firedrill.version)", host: Workplace.host, requiredLevel: drill.level)
    run.governance = drill.governance
    return SessionRuns.Begun(
      draft: RunDraft(run, redactor: options.showsKeys ? nil : records.redactor, events: events),
      began: records.begin(run))
  }

  private func record(_ run: inout SessionRuns.Begun, _ setting: Setting) {
    setting.runs.add(setting.records.record(run.draft.finish(), began: run.began))
  }
}

extension StageResult {
  /// What cannot be ruled out about the backup that was chosen.
  fileprivate init(doubts choice: BackupChoice) {
    judgement.findings = choice.doubts
    notes = choice.notes
  }
}
