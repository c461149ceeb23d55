import DrillChecks
import DrillCrypto
import DrillEngines
import DrillEvidence
import DrillModel
import Foundation

/// A backup to be checked without a restore.
public struct CheckRequest: Sendable {
  /// A backup's folder, or its id beside ``catalog``.
  public var backup: String
  public var catalog: String?
  /// Paths of trusted public keys.
  public var trust: [String]
  public var requiresSignature: Bool
  public var showsKeys: Bool
  /// Set where no artifact may be changeable where it lies: how that is asked.
  public var immutability: ImmutabilityProbe?
  /// The ledger whose secret redacts keys.
  public var ledger: String
  /// The topology that the backup should cover: a topology file, a cluster file whose cluster is asked, or `recorded`; nil: its
  /// own alone.
  public var expect: String?
  /// What opens it where it is stored encoded; nil: no key.
  public var keys: KeySection?

  public init(
    backup: String, catalog: String?, trust: [String], requiresSignature: Bool, showsKeys: Bool, ledger: String
  ) {
    self.backup = backup
    self.catalog = catalog
    self.trust = trust
    self.requiresSignature = requiresSignature
    self.showsKeys = showsKeys
    self.ledger = ledger
  }

  func run(events: @escaping DrillEventHandler) async throws -> Run {
    let place = try await BackupPlace.of(backup, catalog: catalog, events: events)
    // Where a signature is required, a manifest that is missing is a finding, whatever else lies there.
    let unsealed = requiresSignature ? nil : try place.unsealed(Engines().foreign)
    let entry =
      try unsealed.map { Catalog.Entry(id: $0.found.id, claimed: nil, problem: nil) }
      ?? place.catalog.entry(named: place.id)
    var drill = DrillFile(
      name: "check", seed: 1, backups: .id(place.id), requiresSignature: requiresSignature, trust: TrustSection(trust),
      sandbox: .init(), level: requiresSignature ? .decoded : .none,
      references: [.captured], objectives: .init(), texts: [:])
    drill.immutability = immutability
    drill.keys = keys
    let engine = unsealed?.engine.name ?? entry.claimed?.engine ?? "sqlite"
    let now = Instant.now
    let run = Run(
      id: "check-\(Identifier.fresh(at: now))", drill: "check", cluster: entry.claimed?.cluster ?? "", engine: engine,
      files: [:], seed: 1,
      startedAt: now, finishedAt: now, tool: "firedrill \(Firedrill.version)", host: Workplace.host,
      requiredLevel: drill.level)
    var draft = RunDraft(run, redactor: showsKeys ? nil : Firedrill.redactor(ledger: ledger), events: events)
    var expected: (@Sendable () async throws -> ExpectedTopology)?
    if let expect {
      let (cluster, ledger) = (entry.claimed?.cluster ?? "", ledger)
      expected = { try await ExpectedTopology.read(expect, cluster: cluster, ledger: ledger) }
    }
    func check(in folder: String) async throws {
      let runner = DrillRunner(
        drill: drill, engine: try Engines().named(engine), catalog: place.catalog, mirror: place.mirror, cluster: nil,
        unsealed: unsealed?.found,
        trust: TrustPolicy(try trust.map { try KeyFile.readPublicKey(Workplace.absolute($0)) }), verifiedCuts: [],
        folder: folder,
        events: events)
      try await runner.check(entry, expecting: expected, into: &draft)
    }
    if entry.claimed?.kind == .incremental || entry.claimed?.artifacts.areEncoded == true {
      try await RunFolder.with(below: Workplace.workRoot()) { try await check(in: $0) }
    } else {
      // A full backup that is stored as it was captured is read where it lies.
      try await check(in: "")
    }
    return draft.finish()
  }
}

/// A backup named by its folder, or by its id beside a catalog.
struct BackupPlace {
  var catalog: Catalog
  /// What fetches from it; nil where it is a folder of this machine.
  var mirror: CatalogMirror?
  var id: String

  private init(catalog: Catalog, mirror: CatalogMirror?, id: String) {
    self.catalog = catalog
    self.mirror = mirror
    self.id = id
  }

  /// In a folder of this machine.
  ///
  /// - Throws: `DrillError` with `usage`, `catalog-empty`.
  init(_ backup: String, catalog: String?) throws {
    if let catalog {
      self.catalog = try Catalog(root: Workplace.absolute(catalog))
      id = backup
    } else {
      let path = Workplace.absolute(backup)
      guard FileManager.default.fileExists(atPath: path) else {
        throw DrillError(.usage, subject: backup, detail: "there is no such folder; a backup's id needs --catalog")
      }
      self.catalog = try Catalog(root: (path as NSString).deletingLastPathComponent)
      id = (path as NSString).lastPathComponent
    }
  }

  /// What lies there where it is a file, or a folder without a manifest, that holds artifacts; nil for anything else.
  func unsealed(_ engines: [any ForeignArtifacts]) throws -> (found: FoundUnsealed, engine: any ForeignArtifacts)? {
    guard mirror == nil else { return nil }
    let path = "\(catalog.root)/\(id)"
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    let isFolder = status.st_mode & S_IFMT == S_IFDIR
    guard isFolder || status.st_mode & S_IFMT == S_IFREG,
      !isFolder || lstat("\(path)/\(Catalog.manifestName)", &status) != 0
    else { return nil }
    var byName: (FoundUnsealed, any ForeignArtifacts)?
    for engine in engines {
      if !isFolder, try engine.foreignArtifact(at: path) == nil { continue }
      let folder = try ForeignFolder(path: path, engine: engine)
      guard !folder.found.isEmpty else { continue }
      let found = FoundUnsealed(id: id, folder: folder, selection: UnsealedSelection(path: path), chosen: nil)
      if folder.found.contains(where: { !$0.artifact.isByName }) { return (found, engine) }
      byName = byName ?? (found, engine)
    }
    return byName
  }

  /// In a folder or a remote catalog.
  ///
  /// - Throws: `DrillError` with `usage`, `catalog-empty`; why a remote cannot be listed.
  static func of(
    _ backup: String, catalog: String?, events: @escaping DrillEventHandler
  ) async throws -> BackupPlace {
    if let catalog {
      let opened = try await CatalogPlace(catalog).opened(events: events)
      return BackupPlace(catalog: opened.catalog, mirror: opened.mirror, id: backup)
    }
    if try RcloneRemote(backup) != nil {
      // All but the last name is the catalog.
      guard let slash = backup.lastIndex(where: { $0 == "/" || $0 == ":" }), !backup.contains("?"),
        backup.index(after: slash) != backup.endIndex
      else {
        throw DrillError(.usage, subject: backup, detail: "name the backup by its id, and its catalog with --catalog")
      }
      return try await of(
        String(backup[backup.index(after: slash)...]), catalog: String(backup[...slash]), events: events)
    }
    return try BackupPlace(backup, catalog: nil)
  }
}
