import DrillChecks
import DrillCrypto
import DrillModel
import Foundation

/// The backup that an increment is taken on: verified with all that it stands on.
struct Predecessor: Sendable {
  /// Oldest first; the increment is made on the last one.
  var links: [ChainCheck.Link]
  private let catalog: Catalog
  private let engine: any Engine
  /// What opens it where it is stored encoded.
  private let keys: KeySection?

  var last: ChainCheck.Link { links[links.count - 1] }

  /// - Parameters:
  ///   - name: a backup's id, or `latest`.
  ///   - trust: whose signatures count, of each manifest of the chain.
  /// - Throws: `DrillError`: `no-such-backup`, `catalog-empty`; `capture-refused` where nothing can be made on it.
  init(
    _ name: String, in root: String, of cluster: ClusterDescription, engine: any Engine, trust: TrustPolicy,
    keys: KeySection? = nil
  ) throws {
    self.keys = keys
    catalog = try Catalog(root: root)
    self.engine = engine
    let manifests = VerifiedManifests(catalog, trust: trust, requiresSignature: true)
    let id = try Predecessor.named(name, in: catalog, cluster.name, manifests)
    func refuse(_ detail: String) -> DrillError {
      DrillError(.captureRefused, subject: id, detail: "\(detail); take a full backup, without --on")
    }
    let entry = try catalog.entry(named: id)
    guard entry.claimed != nil || manifests.result(id).digest != nil else {
      throw refuse("nobody sealed it, so that an increment could not say what it was made on")
    }
    guard let tip = manifests.link(id) else {
      let finding = manifests.result(id).findings.first
      throw refuse("its manifest cannot be used: \(finding.map { "\($0.code.rawValue), \($0.observed)" } ?? "")")
    }
    guard tip.manifest.cluster == cluster.name, tip.manifest.engine == cluster.engine else {
      throw refuse("it is a backup of cluster \(tip.manifest.cluster), \(tip.manifest.engine)")
    }
    guard tip.manifest.cut.coherence != .window else {
      throw refuse("it stands at no cut: its records were read over a time")
    }
    let chain = engine.chainCheck.check(tip, known: manifests.known, increments: manifests.increments)
    if let finding = chain.findings.first {
      throw refuse("its chain is broken: \(finding.code.rawValue), \(finding.observed)")
    }
    if let other = manifests.increments(on: id).sorted().first {
      throw DrillError(
        .captureRefused, subject: id,
        detail: "\(other) is made on it already, and a second increment would fork the chain; use --on latest")
    }
    links = chain.links
  }

  /// `latest` is the newest whose manifest may be used.
  private static func named(
    _ name: String, in catalog: Catalog, _ cluster: String, _ manifests: VerifiedManifests
  ) throws -> String {
    guard name == "latest" else { return name }
    let ours = try catalog.folders().compactMap { manifests.link($0)?.manifest }.filter { $0.cluster == cluster }
    guard let newest = ours.max(by: { ($0.cut.time, $0.backup) < ($1.cut.time, $1.backup) }) else {
      throw DrillError(
        .catalogEmpty, stage: .catalog, subject: cluster,
        detail:
          "the catalog holds no backup of this cluster that a trusted key signed; take a full one first, without --on, or name its key with --trust"
      )
    }
    return newest.backup
  }

  /// What an engine is told of it.
  ///
  /// - Parameter folder: exists, and outlives the capture.
  func described(in folder: String, events: @escaping DrillEventHandler) -> IncrementPredecessor {
    let manifest = last.manifest
    // A stream that was begun at an earlier link goes on past the later ones.
    let changes = links.reversed().map { ChangeFolder.path(catalog: catalog.root, backup: $0.manifest.backup) }
      .first { FileManager.default.fileExists(atPath: $0) }
    return IncrementPredecessor(cut: manifest.cut, topology: manifest.topology, changes: changes) {
      try await restored(in: folder, events: events)
    }
  }

  /// The predecessor as one file a shard, from artifacts whose bytes are what was sealed.
  private func restored(in folder: String, events: @escaping DrillEventHandler) async throws -> [ArtifactFile] {
    events(.note("restoring \(last.manifest.backup), to see what changed since"))
    var stored: [StoredLink] = []
    for (number, link) in links.enumerated() {
      let manifest = link.manifest
      var paths = Dictionary(
        uniqueKeysWithValues: try manifest.artifacts.map {
          ($0.name, try catalog.place(of: $0.name, in: manifest.backup))
        })
      let measured = await onThread { [paths] in ArtifactHasher().hash(paths) }
      let entries = try catalog.entries(of: manifest.backup)
      let judged = try IntegrityCheck(companions: [Catalog.manifestName]).check(
        manifest, entries: entries, measured: measured)
      if let finding = judged.findings.first {
        throw DrillError(
          .captureRefused, subject: manifest.backup,
          detail: "\(finding.code.rawValue) in \(finding.subject.artifact ?? ""); take a full backup, without --on")
      }
      if let obstacle = judged.obstacles.first {
        throw DrillError(.captureRefused, subject: manifest.backup, detail: obstacle.detail)
      }
      let data = manifest.artifacts.filter { $0.role != .reference }
      if data.areEncoded {
        let opened = try await OpenedArtifacts.open(
          data, of: manifest.backup, with: keys, in: "\(folder)/opened-\(number)", place: { paths[$0] })
        if let finding = opened.findings.first {
          throw DrillError(
            .captureRefused, subject: finding.subject.artifact ?? manifest.backup,
            detail:
              "what it is made on cannot be opened: \(finding.code.rawValue), \(finding.observed); name its keys with --identity, or take a full backup, without --on"
          )
        }
        paths.merge(opened.paths) { $1 }
      }
      stored.append(
        StoredLink(
          link: link, data: ArtifactGroup.data(of: manifest.artifacts).compactMap { $0.named { paths[$0] } }))
    }
    guard stored.count > 1 else { return stored[0].data.map(\.file) }
    let assembled = try await AssembledChain.make(stored, upTo: .end, by: engine, in: folder + "/predecessor")
    if let finding = assembled.findings.first {
      throw DrillError(
        .captureRefused, subject: finding.subject.backup ?? last.manifest.backup,
        detail: "\(finding.code.rawValue): \(finding.observed); take a full backup, without --on")
    }
    return assembled.shards.map(\.file)
  }
}
