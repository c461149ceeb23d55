import DrillChecks
import DrillEngines
import DrillModel
import Foundation

/// How a Redis URL is read.
public enum ReadingPath: String, Sendable, CaseIterable, Codable {
  /// Its replication stream goes straight into the RDB reader; nothing is stored.
  case replication
  /// SCAN and typed reads.
  case commands
}

/// One side of a comparison: files on this machine, or a live store behind a URL.
enum RecordSide: Sendable {
  case files([ArtifactFile], any Engine)
  case live(ClusterDescription, ReadingPath)

  /// Reads `redis://[user@]host:port[?cluster=true]`, `rediss://host:port[?ca=…&cert=…&key=…&server_name=…]` (TLS), `redis+unix:///path[?cluster=true]`, a backup's folder or id, a file, or a folder of files.
  ///
  /// - Throws: `DrillError`: `usage` when it is none of these.
  init(_ text: String, catalog: String?, via: ReadingPath) throws {
    if text.contains("://") {
      self = .live(try RecordSide.cluster(text), via)
      return
    }
    let path = RecordSide.existing(text, catalog: catalog)
    guard let path else {
      throw DrillError(
        .usage, subject: text, detail: "there is no such file, folder or backup; a backup's id needs --catalog")
    }
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    let files = isFolder.boolValue ? try RecordSide.dataFiles(in: path) : [try RecordSide.dataFile(path)]
    guard let first = files.first else {
      throw DrillError(
        .usage, subject: text, detail: "the folder holds no RDB file, no append-only log and no SQLite database")
    }
    let engine = ArtifactFormat(rawValue: first.format)?.engine
    guard files.allSatisfy({ ArtifactFormat(rawValue: $0.format)?.engine == engine }) else {
      throw DrillError(.usage, subject: text, detail: "the folder holds files of different formats")
    }
    self = .files(files, try Engines().named(ArtifactFormat(rawValue: first.format)?.engine ?? ""))
  }

  /// Opens sides for the time of `body`, as ``init(_:catalog:via:)`` does, and of an increment its whole chain; what is stored encoded is opened with `keys`.
  ///
  /// - Throws: beside that, `artifact-io` where the chain is broken, or its links do not fit; whatever `body` throws.
  static func with<R: Sendable>(
    _ texts: [String], catalog: String?, via: ReadingPath, keys: KeySection? = nil,
    _ body: ([RecordSide]) async throws -> R
  ) async throws -> R {
    guard texts.contains(where: { madeUp($0, catalog: catalog) != nil }) else {
      return try await body(try texts.map { try RecordSide($0, catalog: catalog, via: via) })
    }
    // What is put together holds production's data: if this process dies, the next one removes it.
    return try await RunFolder.with(below: Workplace.workRoot()) { folder in
      var sides: [RecordSide] = []
      for (number, text) in texts.enumerated() {
        sides.append(try await opened(text, catalog: catalog, via: via, keys: keys, in: "\(folder)/\(number)"))
      }
      return try await body(sides)
    }
  }

  /// The manifest of a backup that is no file to be read where it lies: of an increment, or stored encoded; nil for anything else.
  private static func madeUp(_ text: String, catalog: String?) -> (path: String, manifest: Manifest)? {
    guard !text.contains("://"), let path = existing(text, catalog: catalog), let manifest = claimed(in: path),
      manifest.kind == .incremental || manifest.artifacts.areEncoded
    else { return nil }
    return (path, manifest)
  }

  private static func opened(
    _ text: String, catalog: String?, via: ReadingPath, keys: KeySection?, in folder: String
  ) async throws -> RecordSide {
    guard let (path, manifest) = madeUp(text, catalog: catalog) else {
      return try RecordSide(text, catalog: catalog, via: via)
    }
    let url = URL(fileURLWithPath: path)
    let catalog = try Catalog(root: url.deletingLastPathComponent().path)
    let engine = try Engines().named(manifest.engine)
    // Nothing is verified here, as nothing of a single backup is.
    let manifests = VerifiedManifests(catalog, trusted: [], requiresSignature: false)
    func broken(_ finding: Finding?) -> DrillError {
      DrillError(
        .artifactUnreadable, subject: url.lastPathComponent,
        detail:
          "its chain is broken: \(finding.map { "\($0.code.rawValue), \($0.observed)" } ?? ""); see `firedrill chain check`"
      )
    }
    guard let tip = manifests.link(url.lastPathComponent) else {
      throw broken(manifests.result(url.lastPathComponent).findings.first)
    }
    let chain = engine.chainCheck.check(tip, known: manifests.known, increments: { _ in [] })
    guard chain.findings.isEmpty else { throw broken(chain.findings.first) }
    var links: [StoredLink] = []
    for (number, link) in chain.links.enumerated() {
      let backup = link.manifest.backup
      let opened = try await OpenedArtifacts.open(
        link.manifest.artifacts.filter { $0.role != .reference }, of: backup, with: keys,
        in: "\(folder)/opened-\(number)", place: { try catalog.place(of: $0, in: backup) }
      ).required()
      links.append(
        StoredLink(
          link: link,
          data: try ArtifactGroup.data(of: link.manifest.artifacts).compactMap { group in
            try group.named { try opened.paths[$0] ?? catalog.place(of: $0, in: backup) }
          }))
    }
    guard links.count > 1 else { return .files(links[0].data.map(\.file), engine) }
    let assembled = try await AssembledChain.make(links, upTo: .end, by: engine, in: folder)
    guard assembled.findings.isEmpty else { throw broken(assembled.findings.first) }
    return .files(assembled.shards.map(\.file), engine)
  }

  private static func claimed(in folder: String) -> Manifest? {
    (try? FolderSource(root: folder).contents(of: Catalog.manifestName, limit: Catalog.manifestLimit)).flatMap {
      try? SealedManifest.claimed(in: $0)
    }
  }

  private static func existing(_ text: String, catalog: String?) -> String? {
    let candidates = [Workplace.absolute(text)] + (catalog.map { [Workplace.absolute($0) + "/" + text] } ?? [])
    return candidates.first { FileManager.default.fileExists(atPath: $0) }
  }

  /// A backup's data artifacts, or every data file of a folder.
  private static func dataFiles(in folder: String) throws -> [ArtifactFile] {
    let source = FolderSource(root: folder)
    if let bytes = try? source.contents(of: Catalog.manifestName, limit: Catalog.manifestLimit) {
      return try ArtifactGroup.data(of: try SealedManifest.claimed(in: bytes).artifacts).compactMap { group in
        try group.file { try source.localPath(of: $0) }
      }
    }
    let files = try source.entries(below: "").filter { $0.kind == .file }.map(\.path)
    // A folder of a log's files, or the folder of a server that has one.
    for place in ["", "appendonlydir/"] {
      let manifests = files.filter { $0.hasPrefix(place) && $0.hasSuffix(".manifest") }
      if manifests.count == 1, let manifest = manifests.first, !manifest.dropFirst(place.count).contains("/") {
        return [try dataFile(folder + "/" + manifest)]
      }
    }
    return try files.filter { !$0.contains("/") }.map { folder + "/" + $0 }
      .filter { try ArtifactFormat.of(path: $0) != nil }.map(dataFile)
  }

  /// The slots that moved between the topologies of two backups; nil where a side is no sealed backup.
  static func slotsMoved(from a: String, to b: String, catalog: String?) -> SlotSet? {
    guard let before = topology(of: a, catalog: catalog), let after = topology(of: b, catalog: catalog) else {
      return nil
    }
    return before.slotsMoved(to: after)
  }

  private static func topology(of text: String, catalog: String?) -> Topology? {
    text.contains("://") ? nil : existing(text, catalog: catalog).flatMap(claimed)?.topology
  }

  private static func dataFile(_ path: String) throws -> ArtifactFile {
    let name = (path as NSString).lastPathComponent
    guard let format = try ArtifactFormat.of(path: path) else {
      throw DrillError(
        .usage, subject: name, detail: "this is neither an RDB file nor an append-only log nor an SQLite database")
    }
    var parts: [String] = []
    if format == .logManifest {
      let folder = (path as NSString).deletingLastPathComponent
      parts = try FolderSource(root: folder).entries(below: "").filter { $0.kind == .file && !$0.path.contains("/") }
        .map(\.path).filter { $0 != name }.map { folder + "/" + $0 }
    }
    return ArtifactFile(
      shard: (name as NSString).deletingPathExtension, format: format.rawValue, path: path, parts: parts)
  }

  private static func cluster(_ text: String) throws -> ClusterDescription {
    guard let url = URLComponents(string: text) else {
      throw DrillError(.usage, subject: text, detail: "this is not a URL")
    }
    let endpoint: Endpoint
    switch url.scheme {
    case "redis", "rediss": endpoint = .tcp(host: bare(url.host ?? "127.0.0.1"), port: url.port ?? 6379)
    case "redis+unix": endpoint = .unix(path: url.path)
    default:
      throw DrillError(
        .usage, subject: url.scheme ?? text, detail: "a store's URL begins with redis://, rediss:// or redis+unix://")
    }
    guard url.password == nil else {
      throw DrillError(
        .usage, subject: "password",
        detail: "a password does not belong in a URL, which other users can see; set $FIREDRILL_PASSWORD")
    }
    let environment = ProcessInfo.processInfo.environment
    var cluster = ClusterDescription(
      name: "url", engine: "redis", endpoints: [endpoint], username: url.user,
      password: environment["FIREDRILL_PASSWORD"].map { Secret($0) })
    var tls = TLSSettings(keyPassword: environment["FIREDRILL_KEY_PASSWORD"].map { Secret($0) })
    for item in url.queryItems ?? [] {
      switch (item.name, item.value ?? "") {
      case ("cluster", "true"): cluster.isCluster = true
      case ("cluster", "false"): cluster.isCluster = false
      case ("ca", let path) where url.scheme == "rediss" && !path.isEmpty: tls.authorities = Workplace.absolute(path)
      case ("cert", let path) where url.scheme == "rediss" && !path.isEmpty: tls.certificate = Workplace.absolute(path)
      case ("key", let path) where url.scheme == "rediss" && !path.isEmpty: tls.key = Workplace.absolute(path)
      case ("server_name", let name) where url.scheme == "rediss" && !name.isEmpty: tls.serverName = name
      default:
        throw DrillError(
          .usage, subject: item.name,
          detail: "a store's URL takes ?cluster=true or ?cluster=false; rediss:// also ca, cert, key and server_name")
      }
    }
    if url.scheme == "rediss" { cluster.tls = tls }
    return cluster
  }

  /// An IPv6 address stands in brackets in a URL.
  private static func bare(_ host: String) -> String {
    host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
  }

  var isLive: Bool { if case .live = self { true } else { false } }

  /// Every record of the side, folded, with what the readers saw.
  func fold(
    seed: UInt64 = 0, events: @escaping DrillEventHandler
  ) async throws -> (folded: FoldedRecords, facts: [ReadFacts]) {
    var sum = FoldedRecords(seed: seed, sampleSize: 0)
    switch self {
    case .files(let files, let engine):
      let reading = ArtifactReading(engine: engine, seed: seed, sampleSize: 0, clock: nil, events: events)
      var facts: [ReadFacts] = []
      for file in files {
        var decoded = try await reading.read(NamedFile(name: file.shard, file: file), allowed: nil)
        if files.count > 1 {
          // Of several files, a person has to know which.
          for index in decoded.facts.problems.indices {
            decoded.facts.problems[index].detail = "\(file.shard): \(decoded.facts.problems[index].detail)"
          }
        }
        facts.append(decoded.facts)
        sum += decoded.folded
      }
      return (sum, facts)
    case .live(let cluster, let via):
      return try await Engines().named(cluster.engine).withLive(cluster) { live in
        var sum = FoldedRecords(seed: seed, sampleSize: 0)
        var facts: [ReadFacts] = []
        let report = RecordProgress(events)
        for shard in live.shards {
          let fold = FingerprintFold(FoldPlan(seed: seed))
          facts.append(
            try await live.read(shard: shard, selection: .all, via: via) { batch in
              report.count(batch)
              fold.consume(batch)
            })
          sum += fold.finish()
        }
        return (sum, facts)
      }
    }
  }

  /// The keys of `slots` with their digests.
  func keys(of slots: SlotSet) async throws -> KeyDigests {
    switch self {
    case .files(let files, let engine):
      return try await ArtifactReading(engine: engine, seed: 0, sampleSize: 0, clock: nil, events: { _ in }).keys(
        of: slots, in: files)
    case .live(let cluster, let via):
      return try await Engines().named(cluster.engine).withLive(cluster) { live in
        var digests = KeyDigests(slots: slots)
        for shard in live.shards {
          _ = try await live.read(shard: shard, selection: .slots(slots), via: via) { digests.consume($0) }
        }
        return digests
      }
    }
  }
}

extension LiveCluster {
  /// Reads one shard the way that was asked for.
  fileprivate func read(
    shard: String, selection: RecordSelection, via: ReadingPath, into handler: @escaping RecordHandler
  ) async throws -> ReadFacts {
    switch via {
    case .commands: return try await readRecords(shard: shard, selection: selection, into: handler)
    case .replication:
      guard let snapshots = self as? any SnapshotReading else {
        throw DrillError(
          .usage, subject: shard, detail: "this store has no replication stream to read; use --via commands")
      }
      return try await snapshots.readSnapshot(shard: shard, selection: selection, into: handler)
    }
  }
}

/// Formats told by a file's first bytes.
enum ArtifactFormat: String, Sendable {
  case rdb, sqlite
  case log = "aof"
  case logManifest = "aof-manifest"
  case logPart = "aof-part"

  var engine: String { self == .sqlite ? "sqlite" : "redis" }

  /// Nil for anything else. A log that begins with a snapshot is told from a snapshot by its name, `….aof`.
  ///
  /// Source: redis src/rdb.c `rdbSaveRio` ("REDIS%04d"), src/aof.c `catAppendOnlyGenericCommand`; SQLite file format, section 1.3.1 ("SQLite format 3\000").
  static func of(path: String) throws -> ArtifactFormat? {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw DrillError(
        .artifactUnreadable, subject: (path as NSString).lastPathComponent,
        detail: "the file cannot be read; see its mode")
    }
    defer { try? handle.close() }
    let head = Array((try? handle.read(upToCount: 16)) ?? Data())
    let ending = (path as NSString).pathExtension
    if path.hasSuffix(".aof.manifest") || ending == "manifest" && head.starts(with: "file ".utf8) {
      return .logManifest
    }
    if ending == "aof" || head.starts(with: "#TS:".utf8) { return .log }
    if head.first == UInt8(ascii: "*"), head.dropFirst().first.map({ (0x31...0x39).contains($0) }) == true {
      return .log
    }
    if head.starts(with: "REDIS".utf8) || head.starts(with: "VALKEY".utf8) { return .rdb }
    if head.starts(with: "SQLite format 3\0".utf8) { return .sqlite }
    // An ending is the next best word: a damaged head is a finding of the reader, not a file of no format.
    switch ending {
    case "rdb": return .rdb
    case "sqlite", "sqlite3", "db": return .sqlite
    default: return nil
    }
  }
}
