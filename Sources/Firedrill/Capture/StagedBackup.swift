import DrillChecks
import DrillCrypto
import DrillModel
import Foundation

/// A backup on its way into a catalog, in a folder that no catalog lists, until its manifest is sealed and everything is on disk.
struct StagedBackup: Sendable {
  let catalog: String
  let id: String

  /// By how much servers' clocks may differ: the cut's time is the earliest of them.
  private static let clockBound = Duration.seconds(1)

  /// Where the capture puts its artifacts; mode 0700.
  let folder: String
  /// What becomes the backup's folder.
  var place: String { staging.path }
  private let staging: StagingFolder
  /// Nil where they are stored as they are.
  private let encoder: ArtifactEncoder?

  /// - Throws: `DrillError` with `catalog-unwritable`.
  init(catalog: String, cluster: String, encoder: ArtifactEncoder? = nil, plain: String? = nil) throws {
    try self.init(
      catalog: catalog, id: "\(cluster)-\(Identifier.fresh())", hasReference: true, encoder: encoder, plain: plain)
  }

  /// - Parameters:
  ///   - hasReference: whether anything will be captured from live servers beside the artifacts.
  ///   - plain: where artifacts lie until they are encoded, private to the capture; made here.
  /// - Throws: `DrillError` with `catalog-unwritable`.
  init(
    catalog: String, id: String, hasReference: Bool, encoder: ArtifactEncoder? = nil, plain: String? = nil
  ) throws {
    self.encoder = encoder
    self.catalog = catalog
    self.id = id
    staging = try StagingFolder(catalog: catalog, id: id)
    folder = plain ?? staging.path
    do {
      if let plain {
        try FileManager.default.createDirectory(
          atPath: plain, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
      }
      guard hasReference else { return }
      try FileManager.default.createDirectory(
        atPath: folder + "/reference", withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    } catch {
      throw DrillError(
        .catalogUnwritable, subject: catalog,
        detail: "a backup cannot be put here; see the folder's mode and free space", underlying: error)
    }
  }

  /// Removes what was not sealed; does nothing once it was.
  func discard() { try? FileManager.default.removeItem(atPath: staging.path) }

  func seal(
    _ captured: CapturedBackup, access: [String: String], on predecessor: ChainCheck.Link?,
    reference: CapturedReference,
    cluster: ClusterDescription,
    key: SigningKey, retention: String?, rationale: String?
  ) async throws -> SealedManifest {
    var artifacts: [Artifact] = []
    for file in captured.files {
      var artifact = try await describe(file.path, role: .data, shard: file.shard, format: file.format)
      artifact.mode = cluster.files.first { $0.name == file.shard }.flatMap { StagedBackup.mode(of: $0.path) }
      artifacts.append(artifact)
    }
    for (index, (shard, list)) in access.sorted(by: { $0.key < $1.key }).enumerated() {
      try FileManager.default.createDirectory(
        atPath: folder + "/access", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      let path = "\(folder)/access/\(index).acl"
      try Data(list.utf8).write(to: URL(fileURLWithPath: path))
      artifacts.append(try await describe(path, role: .access, shard: shard, format: "redis-acl"))
    }
    var named = Reference(independentReaders: reference.counts == nil ? 0 : 1, keySample: reference.keySample)
    func keep(_ value: (some Encodable)?, as format: String) async throws -> String? {
      guard let value else { return nil }
      let path = "\(folder)/reference/\(format).json"
      try CanonicalJSON.encode(value).write(to: URL(fileURLWithPath: path))
      let artifact = try await describe(path, role: .reference, shard: nil, format: format)
      artifacts.append(artifact)
      return artifact.name
    }
    named.counts = try await keep(reference.counts, as: "counts")
    named.fingerprint = try await keep(reference.fingerprint, as: "fingerprint")
    var answers = reference.answers
    if captured.pause > .zero {
      answers?.askedUntil = Instant(
        millisecondsSince1970: captured.cut.time.millisecondsSince1970
          + Int64((captured.pause + StagedBackup.clockBound).milliseconds))
    }
    named.answers = try await keep(answers, as: "answers")

    let hasReference = named.counts != nil || named.fingerprint != nil || named.answers != nil
    let manifest = Manifest(
      backup: id, cluster: cluster.name, engine: cluster.engine, engineVersion: captured.engineVersion,
      kind: predecessor == nil ? .full : .incremental,
      predecessor: predecessor.map { .init(backup: $0.manifest.backup, manifest: $0.digest) },
      since: predecessor?.manifest.cut.positions, cut: captured.cut,
      scope: Manifest.Scope(), topology: captured.topology, artifacts: artifacts.sorted { $0.name < $1.name },
      reference: hasReference ? named : nil, retention: retention, keyIDs: [key.publicKey.keyID],
      rationale: rationale)
    return try place(manifest, key: key)
  }

  /// Signs the manifest of what lies in the folder, and puts the folder in its place: all of it on disk, or none.
  ///
  /// - Throws: `DrillError` with `catalog-unwritable`.
  func place(_ manifest: Manifest, key: SigningKey) throws -> SealedManifest {
    let sealed = try SealedManifest.seal(manifest, with: key)
    do {
      try Data(sealed.envelope).write(
        to: URL(fileURLWithPath: "\(staging.path)/\(Catalog.manifestName)"), options: .atomic)
      try Durability.sync(folder: staging.path)
      try FileManager.default.moveItem(atPath: staging.path, toPath: "\(catalog)/\(id)")
      try Durability.sync(folder: catalog)
    } catch {
      throw DrillError(
        .catalogUnwritable, subject: catalog, detail: "the backup cannot be put in place; see free space",
        underlying: error)
    }
    return sealed
  }

  /// `0640`; nil where it cannot be read.
  private static func mode(of path: String) -> String? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    guard let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue else { return nil }
    let digits = String(mode & 0o777, radix: 8)
    return String(repeating: "0", count: 4 - digits.count) + digits
  }

  private func describe(_ path: String, role: Artifact.Role, shard: String?, format: String) async throws -> Artifact {
    let name = String(path.dropFirst(folder.count + 1))
    switch await onThread({ ArtifactHasher().hash([name: path])[name] }) {
    case .read(let sizeBytes, let digest):
      let artifact = Artifact(
        name: name, role: role, shard: shard, format: format, sizeBytes: sizeBytes, digest: digest)
      guard let encoder else { return artifact }
      defer { unlink(path) }
      return try await encoder.encode(artifact, at: path, into: staging.path)
    case .failed(let error): throw error
    case .missing, .notRegular, nil:
      throw DrillError(.artifactUnreadable, subject: name, detail: "what was just captured cannot be read back")
    }
  }
}

/// Names that sort by time and do not collide: `20260131T040000Z-1a2b3c`.
enum Identifier {
  static func fresh(at instant: Instant = .now) -> String {
    let stamp = instant.description.prefix(19).filter { $0 != "-" && $0 != ":" }
    return "\(stamp)Z-" + Randomness.bytes(3).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }
}

/// Makes sure that what was written survives a loss of power.
enum Durability {
  static func sync(folder: String) throws {
    for entry in try FolderSource(root: folder).entries(below: "")
    where entry.kind == .file || entry.kind == .folder {
      sync(path: "\(folder)/\(entry.path)")
    }
    sync(path: folder)
  }

  private static func sync(path: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
