import DrillChecks
import DrillCrypto
import DrillEvidence
import DrillModel
import Foundation

/// Looks for a record in every backup of some catalogs, with our own reader.
struct Locator: Sendable {
  private let request: LocateRequest
  private let wanted: WantedKey
  private let trusted: [PublicKey]
  private let engines = Engines()
  /// Under the ledger's secret, so that names and digests are those of its findings.
  private let redactor: KeyRedactor
  private let events: DrillEventHandler

  init(_ request: LocateRequest, events: @escaping DrillEventHandler) throws {
    self.request = request
    self.events = events
    wanted = try WantedKey(request.key, isHex: request.isHex)
    trusted = try request.trust.map { try KeyFile.readPublicKey(Workplace.absolute($0)) }
    redactor = Firedrill.redactor(ledger: request.ledger)
  }

  /// - Throws: `DrillError`: `catalog-empty` where there is no catalog; `CancellationError`.
  func run() async throws -> LocateResult {
    var searched: [SearchedBackup] = []
    for path in request.catalogs {
      let opened = try await CatalogPlace(path).opened(events: events)
      for entry in try opened.catalog.entries()
      where request.cluster == nil || entry.claimed == nil || entry.claimed?.cluster == request.cluster {
        try Task.checkCancellation()
        searched.append(try await search(entry, in: opened, named: path))
      }
    }
    // Over all catalogs, as the cuts lie in time; those that claim none last.
    searched.sort {
      ($0.backup.cut?.millisecondsSince1970 ?? .max, $0.backup.backup)
        < ($1.backup.cut?.millisecondsSince1970 ?? .max, $1.backup.backup)
    }
    let names = Set(searched.flatMap { $0.found.map { redactor.redact($0.key).text } })
      .union([wanted.name(redactor).text, wanted.name(nil).text])
    return LocateResult(
      key: wanted.name(request.showsKeys ? nil : redactor), records: records(searched),
      backups: searched.map(\.backup), findings: findings(naming: names))
  }

  /// What a backup holds of the key.
  private struct SearchedBackup {
    var backup: LocateResult.Backup
    var engine = ""
    var found: [FoundRecord] = []
  }

  private struct FoundRecord {
    var namespace: String
    var slot: Slot
    var key: [UInt8]
    var copy: LocateResult.Copy
  }

  // MARK: One backup

  private func search(
    _ entry: Catalog.Entry, in opened: OpenedCatalog, named name: String
  ) async throws -> SearchedBackup {
    let catalog = opened.catalog
    let check = ManifestCheck(backup: entry.id, trusted: trusted, requiresSignature: !trusted.isEmpty).check(
      try? catalog.envelope(of: entry.id))
    var result = SearchedBackup(
      backup: LocateResult.Backup(
        catalog: name, backup: entry.id, cluster: entry.claimed?.cluster, cut: entry.claimed?.cut.time,
        manifest: check.findings.first?.code.rawValue ?? (check.signers.isEmpty ? "not checked" : "trusted"),
        isIncremental: entry.claimed?.kind == .incremental, artifactsRead: 0, gaps: []))
    events(.started(.decode, detail: "looking into \(entry.id)"))
    let start = ContinuousClock.now
    defer { events(.finished(.decode, elapsed: start.duration(to: .now))) }
    do {
      var unfetched: [String: DrillError] = [:]
      if let mirror = opened.mirror {
        guard let manifest = entry.claimed else {
          throw DrillError(.fetchFailed, subject: entry.id, detail: "no manifest says what to fetch")
        }
        unfetched = try await mirror.fetch(manifest, in: entry.id).unfetched
        for (name, error) in unfetched.sorted(by: { $0.key < $1.key }) {
          result.backup.gaps.append(.init(artifact: name, reason: error.description))
        }
      }
      let files = try artifacts(of: entry, in: catalog, &result.backup).filter { unfetched[$0.name] == nil }
      let measured = await measure(files)
      for file in files {
        try Task.checkCancellation()
        try await look(into: file, measured, of: entry, &result)
      }
    } catch let error as DrillError {
      result.backup.gaps.append(.init(artifact: nil, reason: error.description))
    }
    return result
  }

  private struct StoredArtifact: Sendable {
    var name: String
    var shard: String
    var format: String
    var path: String
    /// The other files of an artifact of several, by name.
    var parts: [String: String] = [:]
    /// Of all its files, by name; empty where no manifest says.
    var sealed: [String: Digest] = [:]
  }

  /// The data files: those that the manifest names, or where none can be read those that look like data.
  private func artifacts(
    of entry: Catalog.Entry, in catalog: Catalog, _ backup: inout LocateResult.Backup
  ) throws -> [StoredArtifact] {
    let stored = try catalog.source.entries(below: entry.id)
    let plain = Set(stored.filter { $0.kind == .file }.map { String($0.path.dropFirst(entry.id.count + 1)) })
    var files: [StoredArtifact] = []
    guard let manifest = entry.claimed else {
      for name in plain.sorted() where !name.contains("/") {
        let path = try catalog.source.localPath(of: "\(entry.id)/\(name)")
        guard let format = try ArtifactFormat.of(path: path) else { continue }
        files.append(
          StoredArtifact(
            name: name, shard: (name as NSString).deletingPathExtension, format: format.rawValue, path: path))
      }
      // Nobody says which files there should be.
      backup.gaps.append(
        .init(artifact: nil, reason: "\(entry.problem ?? "no manifest"): nothing says that this is all of it"))
      return files
    }
    for group in ArtifactGroup.data(of: manifest.artifacts) {
      let artifact = group.lead
      func skip(_ reason: String) { backup.gaps.append(.init(artifact: artifact.name, reason: reason)) }
      guard artifact.encodings.isEmpty else {
        skip("stored as \(artifact.encodings.joined(separator: ", ")), which cannot be read here")
        continue
      }
      guard ArtifactFormat(rawValue: artifact.format) != nil else {
        skip("\(artifact.format) holds changes since another backup, which are not looked into by themselves")
        continue
      }
      guard plain.contains(artifact.name) else {
        skip("it is missing, or not a plain file")
        continue
      }
      files.append(
        StoredArtifact(
          name: artifact.name, shard: artifact.shard ?? artifact.name, format: artifact.format,
          path: try catalog.source.localPath(of: "\(entry.id)/\(artifact.name)"),
          parts: try group.parts.filter { plain.contains($0.name) }.reduce(into: [:]) {
            $0[$1.name] = try catalog.source.localPath(of: "\(entry.id)/\($1.name)")
          },
          sealed: ([artifact] + group.parts).reduce(into: [:]) { $0[$1.name] = $1.digest }))
    }
    return files
  }

  private func measure(_ files: [StoredArtifact]) async -> [String: ArtifactHasher.Measurement] {
    let paths = files.filter { !$0.sealed.isEmpty }.reduce(into: [String: String]()) { paths, file in
      paths.merge(file.parts) { first, _ in first }
      paths[file.name] = file.path
    }
    let stop = Flag()
    return await onThread {
      ArtifactHasher().hash(paths, isCancelled: { stop.isRaised })
    } onCancel: {
      stop.raise()
    }
  }

  private func look(
    into file: StoredArtifact, _ measured: [String: ArtifactHasher.Measurement], of entry: Catalog.Entry,
    _ result: inout SearchedBackup
  ) async throws {
    func skip(_ reason: String) { result.backup.gaps.append(.init(artifact: file.name, reason: reason)) }
    guard let engine = try? engines.named(ArtifactFormat(rawValue: file.format)?.engine ?? "") else {
      return skip("files of format \(file.format) cannot be read")
    }
    var isAsSealed: Bool?
    if !file.sealed.isEmpty {
      isAsSealed = file.sealed.allSatisfy { name, sealed in
        if case .read(_, let digest)? = measured[name] { digest == sealed } else { false }
      }
      if isAsSealed == false { skip("its bytes are not what was sealed: whatever is found there may be wrong") }
    }
    do {
      let keys = wanted.keys(in: engine)
      let (records, facts) = try await KeySearch(keys: keys, redacted: wanted.redacted, redactor: redactor).search(
        ArtifactFile(
          shard: file.shard, format: file.format, path: file.path, parts: file.parts.values.sorted()), engine: engine,
        events: events)
      result.engine = engine.name
      result.backup.artifactsRead += 1
      for problem in facts.problems { skip("cannot be read in full: \(problem.detail)") }
      if !facts.leftOutRecords.isEmpty {
        skip("\(facts.leftOutRecords.count) keys cannot be told from the log's commands")
      }
      if case .present(let stored, let computed) = facts.checksum, stored != computed {
        skip("its own checksum does not match")
      }
      let cut = entry.claimed?.cut.time
      result.found += records.map { record in
        let expiry = record.expiry == RecordBatch.noExpiry ? nil : Instant(millisecondsSince1970: record.expiry)
        return FoundRecord(
          namespace: record.namespace, slot: record.slot, key: record.key,
          copy: LocateResult.Copy(
            shard: file.shard, artifact: file.name, kind: record.kind.name,
            digest: request.showsKeys ? record.content.hex : redactor.redact(record.content),
            expiresAt: expiry, isExpired: expiry.flatMap { expiry in cut.map { expiry <= $0 } } ?? false,
            isAsSealed: isAsSealed))
      }
    } catch let error as DrillError {
      skip(error.description)
    }
  }

  // MARK: Over the backups

  private struct Identity: Hashable {
    var cluster: String
    var engine: String
    var namespace: String
    var key: [UInt8]
  }

  private func records(_ searched: [SearchedBackup]) -> [LocateResult.Record] {
    var slots: [Identity: Slot] = [:]
    var order: [Identity] = []
    for backup in searched {
      for record in backup.found {
        let identity = Identity(
          cluster: backup.backup.cluster ?? "", engine: backup.engine, namespace: record.namespace, key: record.key)
        if slots.updateValue(record.slot, forKey: identity) == nil { order.append(identity) }
      }
    }
    return order.map { identity in
      LocateResult.Record(
        cluster: identity.cluster, engine: identity.engine, namespace: identity.namespace,
        slot: slots[identity] ?? Slot(0),
        key: request.showsKeys ? .clear(identity.key) : redactor.redact(identity.key),
        places: places(of: identity, in: searched.filter { ($0.backup.cluster ?? "") == identity.cluster }))
    }
  }

  private func places(of identity: Identity, in searched: [SearchedBackup]) -> [LocateResult.Place] {
    // What the newest backup so far holds; nil: nothing, or nothing that is known.
    var last: [LocateResult.Copy]?
    return searched.map { backup in
      let copies = backup.found.filter { $0.namespace == identity.namespace && $0.key == identity.key }.map(\.copy)
      let state: LocateResult.Place.State
      if copies.isEmpty {
        if !backup.backup.isReadInFull {
          state = .unknown
        } else if backup.backup.isIncremental {
          state = .notInIncrement
        } else {
          state = .absent
          last = nil
        }
      } else {
        if let last {
          let contents = last.map(\.digest).sorted() == copies.map(\.digest).sorted()
          let expiries = Set(last.map(\.expiresAt)) == Set(copies.map(\.expiresAt))
          state = contents ? expiries ? .same : .expiryMoved : .changed
        } else {
          state = .appeared
        }
        last = copies
      }
      return LocateResult.Place(
        catalog: backup.backup.catalog, backup: backup.backup.backup, cut: backup.backup.cut, state: state,
        copies: copies)
    }
  }

  /// A ledger that is not there, or cannot be read, names nothing.
  private func findings(naming names: Set<String>) -> [LocateResult.NamedIn] {
    guard let found = try? Firedrill.findings(ledger: request.ledger) else { return [] }
    return found.filter { $0.subject.key.map { names.contains($0.text) } ?? false }.map {
      LocateResult.NamedIn(finding: $0.id, code: $0.code, isOpen: $0.isOpen)
    }
  }
}
