import DrillChecks
import DrillCrypto
import DrillEvidence
import DrillModel
import Foundation

/// Seals files that another tool made: finds them by content, copies them, reads every record of the copies, and signs what was read.
struct SealRunner: Sendable {
  var request: SealRequest
  var events: DrillEventHandler
  private let engines = Engines()
  /// Of files that are encoded: how, where each lies as it is stored by where it lies decoded, and where copies lie that are read.
  var encodings: [String] = []
  var stored: [String: String] = [:]
  var plain: String?

  init(_ request: SealRequest, events: @escaping DrillEventHandler) {
    self.request = request
    self.events = events
  }

  /// What a person has to know who reads the manifest in a year.
  static let afterTheFact =
    "sealed after the fact: the files were made by another tool, and that they are what it wrote, and what production held, is shown by nothing here"

  /// An artifact on its way into the backup.
  private struct Part: Sendable {
    /// Its name where it lay, as the person knows it, and its path there.
    var found: ForeignFolder.Found
    var original: String
    /// Its files' paths where they lie, by their names in the backup; the first stands first.
    var files: [(name: String, path: String, format: String, original: String)]
  }

  func run() async throws -> SealResult {
    guard request.cluster.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }), !request.cluster.isEmpty
    else {
      throw DrillError(
        .usage, subject: request.cluster, detail: "a cluster's name is made of letters, digits, '-' and '_'")
    }
    if !request.encodings.isEmpty { return try await sealEncoded(request.encodings) }
    let key = try KeyFile.readSigningKey(Workplace.absolute(request.key))
    let statement = try await ShardStatement(request, engines)
    let (engine, folders) = try find()
    let parts = try named(folders)
    try ForeignFolder.refuseRivals(among: parts.map(\.found.artifact), of: engine)
    for part in parts {
      if let obstacle = part.found.artifact.obstacle {
        throw DrillError(.artifactUnreadable, subject: part.found.name, detail: obstacle)
      }
    }
    if request.inPlace { return try await sealInPlace(folders[0], parts, engine, statement, key) }
    guard let catalog = request.catalog.map(Workplace.absolute) else {
      throw DrillError(
        .usage, subject: "--to", detail: "name the catalog with --to, or seal the folder with --in-place")
    }
    if let on = request.on {
      return try await sealIncrement(on: on, parts.map(\.found), engine, statement, key, catalog: catalog)
    }
    return try await sealCopy(parts, folders, engine, statement, key, catalog: catalog)
  }

  // MARK: Finding

  /// The engine whose artifacts the paths hold; a file that only its name makes one counts where content says nothing of another engine.
  private func find() throws -> (any ForeignArtifacts, [ForeignFolder]) {
    guard !request.paths.isEmpty else { throw DrillError(.usage, detail: "name the files or folders to seal") }
    if request.inPlace, request.paths.count != 1 {
      throw DrillError(.usage, subject: "--in-place", detail: "one folder is sealed where it lies, not several paths")
    }
    var searched: [(engine: any ForeignArtifacts, folders: [ForeignFolder])] = []
    var problem: DrillError?
    for engine in engines.foreign {
      do {
        let folders = try request.paths.map { try ForeignFolder(path: Workplace.absolute($0), engine: engine) }
        if folders.contains(where: { !$0.found.isEmpty }) { searched.append((engine, folders)) }
      } catch let error as DrillError {
        problem = problem ?? error
      }
    }
    let byContent = searched.filter { $0.folders.contains { $0.found.contains { !$0.artifact.isByName } } }
    let candidates = byContent.isEmpty ? searched : byContent
    guard let chosen = candidates.first else {
      throw problem
        ?? DrillError(
          .usage, subject: request.paths.joined(separator: ", "),
          detail: "there is no artifact of \(engines.foreign.map(\.name).joined(separator: " or ")) here")
    }
    guard candidates.count == 1 else {
      throw DrillError(
        .usage, subject: request.paths.joined(separator: ", "),
        detail:
          "artifacts of \(candidates.map(\.engine.name).joined(separator: " and of ")) lie here; a backup is of one engine, name its files alone"
      )
    }
    for (path, folder) in zip(request.paths, chosen.folders) {
      if let strange = folder.irregular.first {
        throw DrillError(
          .usage, subject: strange.path,
          detail:
            "a \(strange.kind == .link ? "link" : "device or pipe") is not sealed, since what it leads to can change")
      }
      guard !folder.found.isEmpty else {
        throw DrillError(.usage, subject: path, detail: "there is no artifact of \(chosen.engine.name) here")
      }
      if request.inPlace, folder.isFile {
        throw DrillError(
          .usage, subject: path, detail: "--in-place seals a folder; name the folder that the file lies in")
      }
    }
    return chosen
  }

  /// Names within the backup: as below the one folder; of several paths with as much of their folders' names as tells them apart.
  private func named(_ folders: [ForeignFolder]) throws -> [Part] {
    func name(_ folder: ForeignFolder, _ relative: String, depth: Int) -> String {
      let whole = folder.root.split(separator: "/").map(String.init)
      return (whole.suffix(depth) + [relative]).joined(separator: "/")
    }
    for depth in 0...8 {
      var parts: [Part] = []
      for folder in folders {
        for found in folder.found {
          let files = folder.files.filter { $0.main == found.name }
          parts.append(
            Part(
              found: .init(name: name(folder, found.name, depth: depth), artifact: found.artifact),
              original: found.artifact.path,
              files: files.map { (name(folder, $0.name, depth: depth), $0.path, $0.format, $0.path) }))
        }
      }
      let names = parts.flatMap { $0.files.map(\.name) }
      if Set(names).count == names.count { return parts }
      let paths = parts.flatMap { $0.files.map(\.path) }
      guard Set(paths).count == paths.count else {
        throw DrillError(.usage, subject: "paths", detail: "one file is named twice")
      }
    }
    throw DrillError(.usage, subject: "paths", detail: "the files' names cannot be told apart")
  }

  // MARK: Sealing

  private func sealCopy(
    _ parts: [Part], _ folders: [ForeignFolder], _ engine: any ForeignArtifacts, _ statement: ShardStatement,
    _ key: SigningKey, catalog: String
  ) async throws -> SealResult {
    let stated = try cutStated()
    // What the heads say decides over the backup's name, and refuses before anything is copied.
    let time = try ForeignCut(parts.map { ($0.found.name, $0.found) }, stated: stated).known().1
    let staging = try StagedBackup(
      catalog: catalog, id: "\(request.cluster)-\(Identifier.fresh(at: time))", hasReference: false, plain: plain)
    defer { staging.discard() }
    events(.started(.catalog, detail: "copying"))
    var copies = parts
    for index in parts.indices {
      for number in parts[index].files.indices {
        let file = parts[index].files[number]
        let target = "\(staging.folder)/\(file.name)"
        try FileManager.default.createDirectory(
          atPath: (target as NSString).deletingLastPathComponent, withIntermediateDirectories: true,
          attributes: [.posixPermissions: 0o700])
        try await onThread { try ArtifactCopy.copy(file.path, to: target, subject: file.name) }
        copies[index].files[number].path = target
      }
      // What is signed is the copy: a log may have grown until it was copied.
      if let copy = try engine.foreignArtifact(at: copies[index].files[0].path) {
        copies[index].found.artifact.cut = copy.cut
      }
    }
    let (read, findings) = try await manifest(
      of: copies, backup: staging.id, engine, statement, stated: stated, others: [], folders, key)
    guard findings.isEmpty else { return .refused(findings) }
    var manifest = read
    let originals = copies.flatMap { $0.files.map { ($0.name, $0.original) } }
    manifest.artifacts = try await asStored(
      manifest.artifacts, originals: Dictionary(originals) { first, _ in first }, in: staging.place)
    let sealed = try staging.place(manifest, key: key)
    return .sealed(sealed, folder: "\(catalog)/\(staging.id)")
  }

  private func sealInPlace(
    _ folder: ForeignFolder, _ parts: [Part], _ engine: any ForeignArtifacts, _ statement: ShardStatement,
    _ key: SigningKey
  ) async throws -> SealResult {
    let path = "\(folder.root)/\(Catalog.manifestName)"
    var status = stat()
    guard lstat(path, &status) != 0 else {
      throw DrillError(
        .usage, subject: Catalog.manifestName, detail: "the folder is sealed already; a manifest is never overwritten")
    }
    let before = try await digests(of: parts, folder.others, in: folder.root)
    let (manifest, findings) = try await manifest(
      of: parts, backup: (folder.root as NSString).lastPathComponent, engine, statement, stated: try cutStated(),
      others: folder.others, [folder], key)
    guard findings.isEmpty else { return .refused(findings) }
    guard Set(manifest.artifacts.map { "\($0.name) \($0.digest)" }) == before else {
      throw DrillError(
        .artifactUnreadable, subject: manifest.backup,
        detail: "the files changed while they were read; seal them once nobody writes to them")
    }
    let sealed = try SealedManifest.seal(manifest, with: key)
    do {
      try Data(sealed.envelope).write(to: URL(fileURLWithPath: path), options: .atomic)
      try Durability.sync(folder: folder.root)
    } catch {
      throw DrillError(
        .catalogUnwritable, subject: manifest.backup, detail: "the manifest cannot be put here; see the folder's mode",
        underlying: error)
    }
    return .sealed(sealed, folder: folder.root)
  }

  private func digests(
    of parts: [Part], _ others: [StoredEntry], in root: String
  ) async throws -> Set<String> {
    var paths = Dictionary(
      parts.flatMap { $0.files.map { ($0.name, $0.path) } }, uniquingKeysWith: { first, _ in first })
    for other in others { paths[other.path] = "\(root)/\(other.path)" }
    return try await Set(ForeignDigests.hash(paths).map { "\($0.key) \($0.value.digest)" })
  }

  func cutStated() throws -> ForeignArtifact.Told<Instant>? {
    try request.cut.map { text in
      guard let time = Instant(parsing: text) else {
        throw DrillError(.usage, subject: "--cut", detail: "'\(text)' is no ISO 8601 time such as 2026-01-31T04:00:00Z")
      }
      return .init(time, by: "--cut")
    }
  }

  /// Reads everything, and says what is wrong or what is to be signed.
  private func manifest(
    of parts: [Part], backup: String, _ engine: any ForeignArtifacts, _ statement: ShardStatement,
    stated: ForeignArtifact.Told<Instant>?, others: [StoredEntry], _ folders: [ForeignFolder], _ key: SigningKey
  ) async throws -> (Manifest, [Finding]) {
    let reading = ArtifactReading(engine: engine, seed: 1, sampleSize: 0, clock: nil, events: events)
    events(.started(.decode, detail: "reading every record"))
    var read: [String: DecodedArtifact] = [:]
    for part in parts {
      let file = ArtifactFile(
        shard: part.found.name, format: part.files[0].format, path: part.files[0].path,
        parts: part.files.dropFirst().map(\.path))
      read[part.found.name] = try await reading.read(NamedFile(name: part.found.name, file: file), allowed: nil)
    }
    let assigned = try await statement.assign(
      parts.map(\.found), shardsBySlot: engine.shardsBySlot,
      original: { found in parts.first { $0.found.name == found.name }?.original ?? "" },
      seen: { SlotSet((read[$0.name]?.folded.fingerprint.countsPerSlot ?? [:]).keys) })
    let sharded = parts.map { (shard: assigned.shards[$0.found.name] ?? $0.found.name, part: $0) }
    let (cut, time) = try ForeignCut(sharded.map { ($0.shard, $0.part.found) }, stated: stated).known()

    events(.started(.integrity, detail: "hashing every byte"))
    var paths = Dictionary(
      parts.flatMap { $0.files.map { ($0.name, $0.path) } }, uniquingKeysWith: { first, _ in first })
    for other in others { paths[other.path] = "\(folders[0].root)/\(other.path)" }
    let hashed = try await ForeignDigests.hash(paths)
    var artifacts: [Artifact] = []
    for (shard, part) in sharded {
      for file in part.files {
        guard let hash = hashed[file.name] else { preconditionFailure("every file was hashed") }
        artifacts.append(
          Artifact(
            name: file.name, role: .data, shard: shard, format: file.format, sizeBytes: hash.sizeBytes,
            digest: hash.digest))
      }
    }
    for other in others {
      guard let hash = hashed[other.path] else { preconditionFailure("every file was hashed") }
      // One list for all servers; whether it can be read is seen where it is needed.
      let isAccessList = engine is any AccessDescribing && other.path.hasSuffix(".acl")
      artifacts.append(
        Artifact(
          name: other.path, role: isAccessList ? .access : .unread, shard: nil,
          format: isAccessList ? "redis-acl" : "file", sizeBytes: hash.sizeBytes, digest: hash.digest
        ))
    }
    let writers = Set(parts.compactMap(\.found.artifact.writer)).sorted().joined(separator: ", ")
    var manifest = Manifest(
      backup: backup, cluster: request.cluster, engine: engine.name,
      engineVersion: writers.isEmpty ? "not told by the files" : writers, cut: cut.cut(at: time),
      scope: Manifest.Scope(), topology: assigned.topology, artifacts: artifacts.sorted { $0.name < $1.name },
      retention: request.retention, keyIDs: [key.publicKey.keyID],
      rationale: ([SealRunner.afterTheFact] + [request.rationale].compactMap { $0 }).joined(separator: "; "))
    if let growing = engine as? any ForeignIncrements {
      for (shard, part) in sharded where manifest.cut.positions[shard] == nil {
        guard let file = read[part.found.name]?.file else { continue }
        manifest.cut.positions[shard] = try await onThread { try growing.endPosition(of: file) }
      }
    }
    manifest.cut.proof = [SealRunner.afterTheFact] + cut.proof + assigned.proof
    let left = others.isEmpty ? folders.filter { !$0.isFile }.flatMap(\.others).map(\.path) : []
    if !left.isEmpty {
      manifest.cut.proof.append(
        "\(left.count) file\(left.count == 1 ? "" : "s") beside the artifacts, not sealed: \(left.prefix(3).joined(separator: ", "))\(left.count > 3 ? ", …" : "")"
      )
    }
    for (shard, part) in sharded {
      guard let torn = read[part.found.name]?.facts.leftOutBytes[.tornTail], torn > 0 else { continue }
      manifest.cut.proof.append(
        "shard \(shard): the log's last \(torn) bytes are no whole command, and no server keeps them")
    }
    for (shard, part) in sharded where engine.shardsBySlot {
      let seen = SlotSet((read[part.found.name]?.folded.fingerprint.countsPerSlot ?? [:]).keys)
      let slots = "\(seen.count) slot\(seen.count == 1 ? "" : "s")"
      manifest.cut.proof.append("shard \(shard): \(slots) with keys, by the keys themselves")
    }

    var findings = try await decodeFindings(manifest, sharded, read, reading)
    if assigned.isDisjoint {
      findings += SharedSlots.check(
        sharded.map { shard, part in
          (part.found.name, shard, SlotSet((read[part.found.name]?.folded.fingerprint.countsPerSlot ?? [:]).keys))
        }, backup: backup)
    }
    if let source = request.digests {
      let known = try await KnownDigests(source, root: folders.count == 1 ? folders[0].root : nil)
      let files = sharded.flatMap { shard, part in
        part.files.map { (path: $0.original, name: $0.name, shard: shard, digest: hashed[$0.name]?.digest) }
      }
      findings += known.findings(about: files, in: folders, backup: backup)
      manifest.cut.proof.append(known.proof)
    }
    let redactor = request.showsKeys ? nil : KeyRedactor.ephemeral()
    for index in findings.indices {
      guard let redactor, case .clear(let bytes)? = findings[index].subject.key else { continue }
      findings[index].subject.key = redactor.redact(bytes)
    }
    return (manifest, findings)
  }

  /// Damage, holes, records where they may not be: what a drill's decoding would find.
  private func decodeFindings(
    _ manifest: Manifest, _ sharded: [(shard: String, part: Part)], _ read: [String: DecodedArtifact],
    _ reading: ArtifactReading
  ) async throws -> [Finding] {
    var readings: [DecodeCheck.Reading] = []
    for (shard, part) in sharded {
      guard var decoded = read[part.found.name] else { continue }
      let allowed = DecodeCheck.allowedSlots(of: shard, in: manifest.topology)
      let seen = SlotSet(decoded.folded.fingerprint.countsPerSlot.keys)
      if let allowed, !seen.subtracting(allowed).isEmpty {
        decoded = try await reading.read(NamedFile(name: part.found.name, file: decoded.file), allowed: allowed)
      }
      readings.append(
        DecodeCheck.Reading(artifact: part.found.name, facts: decoded.facts, records: decoded.whole))
    }
    return try DecodeCheck(manifest).check(readings).findings
  }
}

extension ForeignCut {
  /// - Throws: `DrillError` with `usage` where nobody tells the time.
  func known() throws -> (ForeignCut, Instant) {
    guard let time else {
      throw DrillError(
        .usage, subject: "cut",
        detail: "nothing says when the backup was begun (\(source)); say it: --cut 2026-01-31T04:00:00Z")
    }
    return (self, time)
  }
}

extension ShardStatement {
  fileprivate init(_ request: SealRequest, _ engines: Engines) async throws {
    self.init()
    hasNoSlotMap = request.hasNoSlotMap
    for text in request.shards {
      let (name, path) = try ShardStatement.pair(text, "--shard", "NAME=PATH")
      guard paths.updateValue(Workplace.absolute(path), forKey: name) == nil else {
        throw DrillError(.usage, subject: text, detail: "the shard \(name) is named twice")
      }
    }
    for text in request.slots {
      let (name, ranges) = try ShardStatement.pair(text, "--slots", "NAME=RANGES")
      guard let set = SlotSet(parsing: ranges) else {
        throw DrillError(.usage, subject: text, detail: "slots are ranges such as 0-4095,5000")
      }
      slots[name] = slots[name]?.union(set) ?? set
    }
    if let path = request.topology {
      let absolute = Workplace.absolute(path)
      guard let text = try? String(contentsOfFile: absolute, encoding: .utf8) else {
        throw DrillError(.badFile, subject: path, detail: "the topology file cannot be read as UTF-8 text")
      }
      topology = try TopologyFile.read(
        text, file: (path as NSString).lastPathComponent, engine: engines.readingTopology(text))
    }
  }

  private static func pair(_ text: String, _ flag: String, _ form: String) throws -> (String, String) {
    guard let sign = text.firstIndex(of: "="), sign != text.startIndex, text.index(after: sign) != text.endIndex else {
      throw DrillError(.usage, subject: text, detail: "\(flag) is written \(form)")
    }
    return (String(text[..<sign]), String(text[text.index(after: sign)...]))
  }
}
