public import DrillCrypto
public import DrillModel

/// Judges a stored manifest before anything that it says is believed.
public struct ManifestCheck: Sendable {
  /// The keys that the drill trusts, and with what; never keys that came with the backup.
  public var trust: TrustPolicy
  public var requiresSignature: Bool
  /// The backup that the manifest must belong to: its folder's name.
  public var backup: String
  /// The cluster that it must belong to; nil: any.
  public var cluster: String?
  /// The engine that the cluster runs on; nil: any.
  public var engine: String?
  package var checks = CheckSet.all

  private static let mostEncodings = 8

  public init(
    backup: String, cluster: String? = nil, engine: String? = nil, trust: TrustPolicy, requiresSignature: Bool
  ) {
    self.backup = backup
    self.cluster = cluster
    self.engine = engine
    self.trust = trust
    self.requiresSignature = requiresSignature
  }

  /// With keys of which one is enough, at any time.
  public init(
    backup: String, cluster: String? = nil, engine: String? = nil, trusted: [PublicKey], requiresSignature: Bool
  ) {
    self.init(
      backup: backup, cluster: cluster, engine: engine, trust: TrustPolicy(trusted),
      requiresSignature: requiresSignature)
  }

  public struct Result: Sendable {
    public var findings: [Finding] = []
    /// The manifest where it may be used: nil as soon as there is a finding.
    public var manifest: Manifest?
    /// SHA-256 of the statement; nil where there is no envelope to take it from.
    public var digest: Digest?
    /// Trusted keys that signed and may. Empty is not wrong where no signature is required, but earns no ``Level/bytes``.
    public var signers: Set<PublicKey> = []
  }

  /// - Parameter bytes: the envelope as stored; nil where there is no such file.
  ///
  /// Whether a failed signature counts as `signature-invalid` or `signature-untrusted` is told by the key id that it
  /// carries. Both fail the drill, so that this hint decides over words alone.
  public func check(_ bytes: [UInt8]?) -> Result {
    var result = Result()
    guard let bytes else {
      result.findings = checks.judged([finding(.manifestUnreadable, "a manifest", "there is none")])
      return result
    }
    let envelope: Envelope
    do {
      envelope = try Envelope(parsing: bytes)
    } catch {
      result.findings = checks.judged([finding(.manifestUnreadable, "a signed envelope (DSSE)", error.description)])
      return result
    }
    result.digest = envelope.payloadDigest
    let signers = envelope.signers(among: trust.publicKeys)
    if let finding = signatureFinding(envelope, signers), checks.contains(finding.code) {
      result.findings.append(finding)
      return result
    }
    do {
      let manifest = try read(envelope)
      let (valid, finding) = signersThatMay(signers, sign: manifest)
      if let finding, checks.contains(finding.code) {
        result.findings = [finding]
        return result
      }
      result.signers = valid
      result.findings = checks.judged(mismatches(manifest))
      if result.findings.isEmpty { result.manifest = manifest }
    } catch {
      result.findings = checks.judged([
        finding(.manifestUnreadable, "an in-toto statement over a backup", error.description)
      ])
    }
    return result
  }

  private func signatureFinding(_ envelope: Envelope, _ signers: Set<PublicKey>) -> Finding? {
    guard signers.isEmpty else { return nil }
    if envelope.signatures.isEmpty {
      return requiresSignature ? finding(.manifestUnsigned, "a signature by a trusted key", "no signature") : nil
    }
    let trusted = trust.publicKeys
    guard requiresSignature || !trusted.isEmpty else { return nil }
    let named = trusted.first { key in envelope.signatures.contains { $0.keyID == key.keyID } }
    if let named {
      return finding(
        .signatureInvalid, "a signature by key \(named.keyID.prefix(16)) that verifies", "it does not verify")
    }
    let claimed = envelope.signatures.compactMap(\.keyID).map { String($0.prefix(16)) }.sorted()
    return finding(
      .signatureUntrusted, "a signature by one of \(Wording.count(trusted.count, "trusted key"))",
      claimed.isEmpty ? "signed by an unnamed key" : "signed by key \(claimed.joined(separator: ", "))")
  }

  /// The signers whose signature counts for this manifest, and what is wrong where they are too few: the worst reason first.
  private func signersThatMay(
    _ signers: Set<PublicKey>, sign manifest: Manifest
  ) -> (Set<PublicKey>, Finding?) {
    // Nobody has to have signed, and nobody did.
    guard !signers.isEmpty else { return ([], nil) }
    // A key that is listed twice may be trusted with different things; what one entry revokes no other gives back.
    let revoked = trust.keys.first { signers.contains($0.key) && $0.revoked != nil }
    let entries = trust.keys.filter { entry in
      signers.contains(entry.key) && !trust.keys.contains { $0.key == entry.key && $0.revoked != nil }
    }
    let meant = entries.filter(\.sealsBackups)
    let valid = meant.filter { $0.isValid(at: manifest.cut.time) }
    let keys = Set(valid.map(\.key))
    guard keys.count < trust.threshold else { return (keys, nil) }
    func name(_ key: TrustedKey) -> String { "key \(key.key.keyID.prefix(16))" }
    if let revoked, let time = revoked.revoked {
      return (
        [], finding(.signatureRevoked, "a signature by a key that is not revoked", "\(name(revoked)), revoked \(time)")
      )
    }
    if let other = entries.first(where: { entry in !meant.contains { $0.key == entry.key } }) {
      let purposes = (other.purposes ?? []).map(\.rawValue).sorted().joined(separator: ", ")
      return (
        [],
        finding(.signatureWrongPurpose, "a signature by a key for backups", "\(name(other)), which is for \(purposes)")
      )
    }
    if let other = meant.first(where: { !keys.contains($0.key) }) {
      return (
        [],
        finding(
          .signatureOutOfTime, "a cut within the validity of \(name(other)), \(other.window)", "\(manifest.cut.time)")
      )
    }
    return (
      [],
      finding(
        .signaturesTooFew, "signatures by \(trust.threshold) different trusted keys",
        "by \(keys.count), among \(Wording.count(signers.count, "trusted signer"))")
    )
  }

  /// Reads the statement strictly, and holds it against itself.
  private func read(_ envelope: Envelope) throws(StrictJSON.Refusal) -> Manifest {
    func refuse(_ reason: String) -> StrictJSON.Refusal { StrictJSON.Refusal(reason) }
    guard envelope.payloadType == Envelope.inToto else { throw refuse("the payload is no in-toto statement") }
    let statement = try Statement<Manifest>(payload: envelope.payload, predicateType: Manifest.predicateType)
    let manifest = statement.predicate
    guard statement.subjects == manifest.statement.subjects else {
      throw refuse("the statement's subjects are not the manifest's artifacts")
    }
    guard Set(manifest.artifacts.map(\.name)).count == manifest.artifacts.count else {
      throw refuse("two artifacts have one name")
    }
    guard Set(manifest.artifacts.map(\.plainName)).count == manifest.artifacts.count else {
      throw refuse("two artifacts have one name once they are decoded")
    }
    for artifact in manifest.artifacts {
      guard ManifestCheck.isSafe(artifact.name) else { throw refuse("an artifact's name leads out of the backup") }
      if let shard = artifact.shard, manifest.topology.shard(named: shard) == nil {
        throw refuse("an artifact belongs to a shard that the topology does not have")
      }
      guard artifact.role != .data || artifact.shard != nil else { throw refuse("a data artifact belongs to no shard") }
      guard artifact.encodings.count <= ManifestCheck.mostEncodings else {
        throw refuse("an artifact has more encodings than the \(ManifestCheck.mostEncodings) that one may have")
      }
      guard artifact.plain == nil || !artifact.encodings.isEmpty else {
        throw refuse("an artifact without encodings states bytes beneath them")
      }
      if artifact.role == .companion {
        let isBeside = manifest.artifacts.contains {
          $0.role == .data && $0.shard == artifact.shard && artifact.plainName.hasPrefix($0.plainName + "-")
        }
        guard isBeside else { throw refuse("a companion lies beside no data artifact of its shard") }
      }
    }
    guard Set(manifest.topology.shards.map(\.name)).count == manifest.topology.shards.count else {
      throw refuse("two shards have one name")
    }
    let total = manifest.artifacts.reduce(into: (sum: UInt64(0), isOver: false)) { total, artifact in
      let (sum, isOver) = total.sum.addingReportingOverflow(artifact.sizeBytes)
      total = (sum, total.isOver || isOver)
    }
    guard !total.isOver, total.sum <= UInt64(Int64.max) else {
      throw refuse("the artifacts' sizes add up to no possible size")
    }
    for name in [manifest.reference?.counts, manifest.reference?.fingerprint, manifest.reference?.answers] {
      if let name, !manifest.artifacts.contains(where: { $0.name == name && $0.role == .reference }) {
        throw refuse("the reference names an artifact that the manifest does not have")
      }
    }
    guard manifest.kind == .incremental || manifest.predecessor == nil && manifest.since == nil else {
      throw refuse("a full backup names a predecessor")
    }
    if manifest.kind == .incremental {
      guard let since = manifest.since else { throw refuse("an incremental backup does not say where it begins") }
      guard Set(since.keys) == Set(manifest.cut.positions.keys) else {
        throw refuse("an incremental backup begins with other shards than it ends with")
      }
      guard !since.isEmpty,
        manifest.artifacts.allSatisfy({ $0.role != .data || $0.shard.map { since[$0] != nil } ?? false })
      else { throw refuse("an incremental backup does not say of each shard where it begins") }
    }
    return manifest
  }

  private func mismatches(_ manifest: Manifest) -> [Finding] {
    var findings: [Finding] = []
    if manifest.backup != backup {
      findings.append(
        finding(.manifestMismatch, "the manifest of backup \(backup)", "the manifest of backup \(manifest.backup)"))
    }
    if let cluster, manifest.cluster != cluster {
      findings.append(
        finding(.manifestMismatch, "a backup of cluster \(cluster)", "a backup of cluster \(manifest.cluster)"))
    }
    if let engine, manifest.engine != engine {
      findings.append(
        finding(.manifestMismatch, "a backup of engine \(engine)", "a backup of engine \(manifest.engine)"))
    }
    return findings
  }

  /// Whether a name stays below its folder, whatever lies there.
  static func isSafe(_ name: String) -> Bool {
    !name.utf8.contains(0)
      && name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
        !$0.isEmpty && $0 != "." && $0 != ".."
      }
  }

  private func finding(_ code: FindingCode, _ expected: String, _ observed: String) -> Finding {
    Finding(code, stage: .manifest, subject: Finding.Subject(backup: backup), expected: expected, observed: observed)
  }
}
