import DrillChecks
import DrillCrypto
public import DrillEvidence
public import DrillModel
import Foundation

/// The public face for programs: one call for each thing that the command line does.
///
/// ```swift
/// let outcomes = try await Firedrill.run(drill: "nightly.yaml")
/// for outcome in outcomes { print(outcome.run.verdict, outcome.run.level) }
/// ```
///
/// Nothing here prints; progress goes to the event handler.
public enum Firedrill {
  public static let version = "0.1.0"

  /// Runs a drill file, over every backup that it selects, and records each run.
  ///
  /// - Throws: `DrillError`: `bad-file`, `key-unreadable`, `usage`; `CancellationError`. Everything else that keeps a run from looking is in the run.
  public static func run(
    drill path: String, options: RunOptions = RunOptions(), events: @escaping DrillEventHandler = { _ in }
  ) async throws -> [DrillOutcome] {
    var drill = try DrillFile.read(path: Workplace.absolute(path))
    if let seed = options.seed { drill.seed = seed }
    return try await DrillSession(drill: drill, options: options, events: events).run()
  }

  /// Runs the drill of a recorded run again: the same files, the same seed, and where it still lies in the catalog the same backup.
  ///
  /// - Throws: `no-such-run`, `ledger-damaged`, and as ``run(drill:options:events:)``.
  public static func run(
    again run: String, ledger path: String, options: RunOptions = RunOptions(),
    events: @escaping DrillEventHandler = { _ in }
  ) async throws -> [DrillOutcome] {
    let recorded = try Ledger.open(at: path, mode: .readOnly).run(run)
    guard let files = recorded.files ?? recorded.run?.files, let origin = DrillOrigin(files) else {
      throw DrillError(
        .noSuchRun, subject: run,
        detail: "the ledger no longer keeps this run's drill file: its details were dropped by age")
    }
    var drill = try DrillFile.read(texts: files, name: origin.name, folder: origin.folder)
    drill.seed = options.seed ?? recorded.entry.seed
    if case .unsealed(var selection) = drill.backups {
      selection.path = selection.path ?? recorded.run?.backups.first?.backup
      drill.backups = .unsealed(selection)
    } else if drill.production == nil, let backup = recorded.run?.backups.first?.backup {
      let examined = recorded.run?.backups.first
      drill.backups =
        examined?.chain.map { .point(tip: backup, .recorded($0.point, at: examined?.cut?.time ?? .now)) } ?? .id(backup)
      drill.capture = nil
    }
    return try await DrillSession(drill: drill, options: options, events: events).run()
  }

  /// All that needs no restore, for one backup. Nothing is recorded.
  public static func check(_ request: CheckRequest, events: @escaping DrillEventHandler = { _ in }) async throws -> Run
  {
    try await request.run(events: events)
  }

  /// What a backup in a folder says it is, unverified.
  ///
  /// - Throws: `DrillError`: `no-such-backup`, `artifact-io`.
  public static func inspect(backup: String, catalog: String?) throws -> SealedManifest {
    let place = try BackupPlace(backup, catalog: catalog)
    return try SealedManifest.read(try place.catalog.envelope(of: place.id))
  }

  /// What the files of a backup that nobody sealed tell; nil where it is sealed, or holds no artifact.
  ///
  /// - Throws: `DrillError`: `usage`, `artifact-io`.
  public static func inspectUnsealed(
    backup: String, catalog: String?, events: @escaping DrillEventHandler = { _ in }
  ) async throws -> UnsealedDescription? {
    try await BackupPlace.of(backup, catalog: catalog, events: events).unsealed(Engines().foreign).map {
      UnsealedDescription($0.found, $0.engine)
    }
  }

  /// What a catalog holds that nobody sealed, by name.
  public static func unsealed(in catalog: String) throws -> [UnsealedDescription] {
    guard case .folder = try CatalogPlace(catalog) else { return [] }
    let engines = Engines().foreign
    var found: [String: UnsealedDescription] = [:]
    for engine in engines {
      for (id, folder) in try UnsealedChooser.candidates(in: Workplace.absolute(catalog), engine: engine) {
        let own = UnsealedDescription(
          FoundUnsealed(id: id, folder: folder, selection: UnsealedSelection(path: id), chosen: nil), engine)
        if found[id] == nil || folder.found.contains(where: { !$0.artifact.isByName }) { found[id] = own }
      }
    }
    return found.values.sorted { $0.backup < $1.backup }
  }

  /// The same where the catalog may be a remote one.
  ///
  /// - Throws: `DrillError`: `no-such-backup`, `artifact-io`.
  public static func inspect(
    backup: String, catalog: String?, events: @escaping DrillEventHandler
  ) async throws -> SealedManifest {
    let place = try await BackupPlace.of(backup, catalog: catalog, events: events)
    return try SealedManifest.read(try place.catalog.envelope(of: place.id))
  }

  /// The backups of a catalog, a folder or a remote one, oldest cut first, as they claim.
  ///
  /// - Throws: `DrillError`: `usage`, `catalog-empty`; why a remote cannot be listed.
  public static func catalog(
    _ place: String, events: @escaping DrillEventHandler = { _ in }
  ) async throws -> [Catalog.Entry] {
    try await CatalogPlace(place).opened(events: events).catalog.entries()
  }

  /// What a capture would cost production.
  ///
  /// - Parameters:
  ///   - via: instead of what the cluster file says.
  ///   - isIncrement: whether of an increment, whatever it is taken on.
  public static func estimate(
    cluster path: String, via: ReadingPath? = nil, isIncrement: Bool = false
  ) async throws -> CaptureEstimate {
    let cluster = try ClusterFile.read(path: Workplace.absolute(path)).reading(via)
    var plan = cluster.description.capture
    plan.isIncrement = isIncrement
    return try await Engines().named(cluster.description.engine).withLive(cluster.description) { live in
      try await live.estimate(plan)
    }
  }

  /// Backs up a live cluster and seals it. With `follows`, goes on recording what changes until the task is cancelled.
  ///
  /// - Parameters:
  ///   - via: instead of what the cluster file says; by commands, the backup stands at no cut.
  ///   - predecessor: the backup to take an increment on, an id or `latest`; nil: a full backup is taken.
  ///   - trust: public keys that may have signed it, beside the one that seals.
  ///   - encoding: how the artifacts are stored, instead of what the cluster file says.
  ///   - keys: what opens the predecessor where it is stored encoded.
  /// - Throws: `DrillError` with `capture-refused` where no increment can be taken on it: then a full one has to be.
  public static func capture(
    cluster path: String, to catalog: String, key: String, retention: String? = nil, rationale: String? = nil,
    follows: Bool = false, via: ReadingPath? = nil, on predecessor: String? = nil, trust: [String] = [],
    encoding: EncodingSection? = nil, keys: KeySection? = nil,
    events: @escaping DrillEventHandler = { _ in }
  ) async throws -> SealedManifest {
    let cluster = try ClusterFile.read(path: Workplace.absolute(path)).reading(via)
    let runner = CaptureRunner(
      engine: try Engines().named(cluster.description.engine), cluster: cluster, catalog: Workplace.absolute(catalog),
      key: try KeyFile.readSigningKey(Workplace.absolute(key)), retention: retention, rationale: rationale,
      follows: follows, on: predecessor,
      trust: TrustPolicy(try trust.map { try KeyFile.readPublicKey(Workplace.absolute($0)) }),
      encoding: encoding ?? cluster.encoding, keys: keys, events: events)
    return try await runner.run { sealed in
      if follows { try await untilCancelled(sealed, events) }
      return sealed
    }
  }

  /// Gives files that another tool made a signed manifest, unless something is wrong with them.
  ///
  /// - Throws: `DrillError`: `usage`, `artifact-io`, `bad-file`, `key-unreadable`, `catalog-unwritable`.
  public static func seal(
    _ request: SealRequest, events: @escaping DrillEventHandler = { _ in }
  ) async throws -> SealResult {
    try await SealRunner(request, events: events).run()
  }

  private static func untilCancelled(_ sealed: SealedManifest, _ events: DrillEventHandler) async throws {
    events(.note("sealed \(sealed.manifest.backup); recording what changes, until interrupted"))
    while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
  }

  /// Compares two sides, down to keys.
  ///
  /// - Throws: `DrillError`: `usage`, `artifact-io`, `store-moved`: could not tell.
  public static func diff(
    _ request: DiffRequest, events: @escaping DrillEventHandler = { _ in }
  ) async throws -> DiffResult {
    let redactor = request.showsKeys ? nil : redactor(ledger: request.ledger)
    return try await RecordSide.with(
      [request.a, request.b], catalog: request.catalog, via: request.via, keys: request.keys
    ) { sides in
      try await Diff(
        a: sides[0], b: sides[1], request: request,
        moved: RecordSide.slotsMoved(from: request.a, to: request.b, catalog: request.catalog),
        redactor: redactor, events: events
      ).run()
    }
  }

  /// The fingerprint of a backup's folder, a file, a folder of files, or a live store.
  public static func fingerprint(
    of source: String, catalog: String? = nil, via: ReadingPath = .replication, keys: KeySection? = nil,
    events: @escaping DrillEventHandler = { _ in }
  ) async throws -> FingerprintResult {
    try await RecordSide.with([source], catalog: catalog, via: via, keys: keys) { sides in
      let (folded, facts) = try await sides[0].fold(events: events)
      return FingerprintResult(folded, facts)
    }
  }

  /// Makes a key pair: `path` (private, mode 0600) and `path.pub`.
  ///
  /// - Throws: `DrillError`: `usage` where a file is there already, `io` where one cannot be made.
  public static func keygen(out path: String, kind: KeyKind = .ed25519) throws -> KeyPair {
    // Asked for wrongly, and nothing that a machine lacks: so usage, where the key file's own guard says io.
    for taken in [path, path + ".pub"] where FileManager.default.fileExists(atPath: Workplace.absolute(taken)) {
      throw DrillError(
        .usage, subject: taken, detail: "exists already; choose another name, keys are never overwritten")
    }
    let key = try SigningKey.generate(kind == .p256 ? .ecdsaP256 : .ed25519)
    try KeyFile.write(key, to: Workplace.absolute(path))
    return KeyPair(privateKey: path, publicKey: path + ".pub", keyID: key.publicKey.keyID)
  }

  /// Keys that seal.
  public enum KeyKind: String, Sendable, CaseIterable { case ed25519, p256 }

  public struct KeyPair: Sendable, Codable {
    public var privateKey: String
    public var publicKey: String
    public var keyID: String
  }

  /// Recomputes a ledger's tree and holds it against the heads that catalogs keep of it.
  public static func verifyLedger(
    at path: String, anchors catalogs: [String], trust: [String] = []
  ) throws -> LedgerVerification {
    let ledger = try Ledger.open(at: path, mode: .readOnly)
    return try ledger.verify(
      anchors: try catalogs.flatMap { try AnchoredHead.read(in: Workplace.absolute($0)) },
      trusted: try trust.map { try KeyFile.readPublicKey(Workplace.absolute($0)) })
  }

  /// Reads a time such as `10ms`.
  ///
  /// - Throws: `DrillError` with `usage`.
  public static func duration(_ text: String) throws -> Duration {
    guard let duration = Duration(parsing: text) else {
      throw DrillError(.usage, subject: text, detail: "a time is written as 500ms, 30s, 15m, 24h or 7d")
    }
    return duration
  }

  /// The redactor of a ledger that is there; else one whose secret nobody keeps.
  static func redactor(ledger path: String) -> KeyRedactor {
    (try? Ledger.open(at: path, mode: .readOnly))?.redactor ?? .ephemeral()
  }
}
