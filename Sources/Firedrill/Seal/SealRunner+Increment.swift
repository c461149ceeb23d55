import DrillChecks
import DrillCrypto
import DrillEngines
import DrillModel
import Foundation

extension SealRunner {
  /// Seals what the artifacts grew by since a backup of them: an increment on it.
  ///
  /// - Throws: `DrillError`: `usage`; `capture-refused` where the artifacts are not the predecessor's, grown.
  func sealIncrement(
    on name: String, _ artifacts: [ForeignFolder.Found], _ engine: any ForeignArtifacts, _ statement: ShardStatement,
    _ key: SigningKey, catalog: String
  ) async throws -> SealResult {
    guard let engine = engine as? any ForeignIncrements else {
      throw DrillError(.usage, subject: engine.name, detail: "files of this engine do not grow; leave out --on")
    }
    let cluster = ClusterDescription(name: request.cluster, engine: engine.name, endpoints: [])
    let trusted = try request.trust.map { try KeyFile.readPublicKey(Workplace.absolute($0)) } + [key.publicKey]
    let predecessor = try Predecessor(name, in: catalog, of: cluster, engine: engine, trust: TrustPolicy(trusted))
    let last = predecessor.last.manifest
    let shards = try shards(of: artifacts, statement, predecessor)
    let stated = try cutStated()
    let staging = try StagedBackup(catalog: catalog, cluster: request.cluster)
    defer { staging.discard() }
    var captured = CapturedBackup(
      files: [], cut: Cut(time: last.cut.time, coherence: .perShard, positions: [:], proof: []),
      topology: last.topology, engineVersion: last.engineVersion, pause: .zero)
    var grown: [(shard: String, found: ForeignFolder.Found)] = []
    try await RunFolder.with(below: Workplace.workRoot()) { work in
      let restored = try await predecessor.described(in: work, events: events).restored()
      for (shard, artifact) in zip(shards, artifacts) {
        guard let position = last.cut.positions[shard], let base = restored.first(where: { $0.shard == shard }) else {
          throw DrillError(
            .captureRefused, subject: shard,
            detail: "the predecessor does not say where it ends; seal a full backup, without --on")
        }
        let files = artifact.artifact.files
        let file = ArtifactFile(
          shard: shard, format: files[0].format, path: files[0].path, parts: files.dropFirst().map(\.path))
        let growth = try await onThread {
          try engine.growth(of: file, on: base, after: position, to: "\(staging.folder)/\(shard).aof")
        }
        var found = artifact
        // Of what is sealed: the log may have grown meanwhile.
        if let last = try engine.incrementFacts(growth.file).lastTime {
          found.artifact.cut = .init(last, by: "the log's last time stamp before its end")
        }
        grown.append((shard, found))
        captured.files.append(growth.file)
        captured.cut.positions[shard] = growth.position
        captured.cut.proof.append("shard \(shard): from \(position) to \(growth.position)")
        if growth.tornBytes > 0 {
          captured.cut.proof.append(
            "shard \(shard): the log's last \(growth.tornBytes) bytes are no whole command, and are left to the next increment"
          )
        }
      }
    }
    let (cut, time) = try ForeignCut(grown, stated: stated).known()
    guard time >= last.cut.time else {
      throw DrillError(
        .captureRefused, subject: last.backup,
        detail: "its cut is \(last.cut.time), and that of the artifacts \(time): they are older than it")
    }
    captured.cut.time = time
    captured.cut.proof = [SealRunner.afterTheFact] + cut.proof + captured.cut.proof
    let sealed = try await staging.seal(
      captured, access: [:], on: predecessor.last, reference: CapturedReference(), cluster: cluster, key: key,
      retention: request.retention,
      rationale: ([SealRunner.afterTheFact] + [request.rationale].compactMap { $0 }).joined(separator: "; "))
    return .sealed(sealed, folder: "\(catalog)/\(staging.id)")
  }

  /// The shard of each artifact: the one that is stated, the one whose artifact bore its name in the full backup, or the
  /// only one.
  private func shards(
    of artifacts: [ForeignFolder.Found], _ statement: ShardStatement, _ predecessor: Predecessor
  ) throws -> [String] {
    let (full, last) = (predecessor.links[0].manifest, predecessor.last.manifest)
    let names = Set(last.cut.positions.keys).union(last.topology.shards.map(\.name))
    let stated = Dictionary(statement.paths.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })
    let shards = try artifacts.map { artifact in
      let paths = artifact.artifact.files.map(\.path)
      let folder = (artifact.artifact.path as NSString).deletingLastPathComponent
      guard
        let shard = (paths + [folder]).lazy.compactMap({ stated[$0] }).first
          ?? full.artifacts.first(where: { $0.name == artifact.name })?.shard
          ?? (names.count == 1 && artifacts.count == 1 ? names.first : nil)
      else {
        throw DrillError(
          .usage, subject: artifact.name,
          detail: "say which shard of \(last.backup) it is of: --shard NAME=PATH, NAME one of"
            + " \(names.sorted().joined(separator: ", "))")
      }
      return shard
    }
    guard Set(shards) == names, shards.count == names.count else {
      throw DrillError(
        .usage, subject: last.backup,
        detail: "an increment holds each shard once: \(names.sorted().joined(separator: ", "))")
    }
    return shards
  }
}
