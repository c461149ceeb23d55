import DrillChecks
import DrillCrypto
import DrillModel

extension FaultPlanting {
  /// A field of the manifest becomes another, under the signatures that were made over the old one.
  ///
  /// Where no trusted key signed, only what it says of itself can be held against anything: whose manifest it is.
  mutating func plantInManifest() throws -> SelfTest.Planted? {
    guard let stored = try storedManifest() else { return nil }
    var manifest = stored.manifest
    let isSigned = !stored.signers.isEmpty
    let name = isSigned ? change(&manifest) : "backup"
    if !isSigned { manifest.backup += "-other" }
    return try judge(
      Envelope(
        payloadType: stored.envelope.payloadType, payload: try manifest.statement.payload(),
        signatures: stored.envelope.signatures),
      in: stored, fault: "field-changed", place: "\(stored.manifest.backup), field \(name)",
      expected: isSigned ? [.signatureInvalid, .signatureUntrusted] : [.manifestMismatch])
  }

  /// The manifest under the signature of a key that nobody trusts.
  mutating func plantKey() throws -> SelfTest.Planted? {
    guard let stored = try storedManifest(), !stored.signers.isEmpty else { return nil }
    var envelope = Envelope(payloadType: stored.envelope.payloadType, payload: stored.envelope.payload)
    try envelope.sign(with: SigningKey.generate(.ed25519))
    return try judge(
      envelope, in: stored, fault: "signed-by-another-key", place: stored.manifest.backup,
      expected: [.signatureUntrusted])
  }

  private struct StoredManifest {
    var bytes: [UInt8]
    var envelope: Envelope
    var manifest: Manifest
    var signers: Set<PublicKey>
    var findings: [Finding]
  }

  /// Nil where it can no longer be read as it was: then it is no ground to plant in.
  private func storedManifest() throws -> StoredManifest? {
    let backup = ground.backup.manifest.backup
    let bytes = try runner.catalog.envelope(of: backup)
    let clean = runner.manifestCheck(of: backup).check(bytes)
    guard let manifest = clean.manifest, let envelope = try? Envelope(parsing: bytes) else { return nil }
    return StoredManifest(
      bytes: bytes, envelope: envelope, manifest: manifest, signers: clean.signers, findings: clean.findings)
  }

  /// - Returns: the field's name.
  private mutating func change(_ manifest: inout Manifest) -> String {
    switch random.index(below: manifest.artifacts.isEmpty ? 3 : 5) {
    case 0:
      manifest.cut.time = Instant(millisecondsSince1970: manifest.cut.time.millisecondsSince1970 ^ 1)
      return "cut"
    case 1:
      manifest.topology.epoch ^= 1
      return "topology"
    case 2:
      manifest.retention = "not \(manifest.retention ?? "stated")"
      return "retention"
    case 3:
      manifest.artifacts[random.index(below: manifest.artifacts.count)].sizeBytes ^= 1
      return "artifacts, a size"
    default:
      let index = random.index(below: manifest.artifacts.count)
      var words = manifest.artifacts[index].digest.words
      words.0 ^= 1 << random.next(below: 64)
      manifest.artifacts[index].digest = Digest(words: words)
      return "artifacts, a digest"
    }
  }

  private func judge(
    _ envelope: Envelope, in stored: StoredManifest, fault: String, place: String, expected: [FindingCode]
  ) throws -> SelfTest.Planted {
    let bytes = try envelope.encoded()
    guard bytes != stored.bytes, envelope != stored.envelope else {
      throw DrillError(.io, subject: fault, detail: "no fault was planted: the manifest is as it was")
    }
    let found = runner.manifestCheck(of: ground.backup.manifest.backup).check(bytes).findings
    return SelfTest.Planted(
      part: .manifest, fault: fault, place: place, expected: expected, found: codes(found, without: stored.findings))
  }
}
