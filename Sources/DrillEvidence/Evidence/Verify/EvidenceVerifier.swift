import DrillCrypto
import DrillModel

extension EvidenceVerification {
  /// Verifies an archive. Nothing of it is believed that no trusted key signed.
  ///
  /// - Throws: `DrillError` with `usage` where no key is trusted. What is wrong with the archive is in ``problems``.
  public init(of archive: [UInt8], trusting trust: EvidenceTrust) throws {
    guard !trust.keys.isEmpty else {
      throw DrillError(
        .usage, subject: "--trust", detail: "name a public key that you trust: nothing else can be believed")
    }
    var verifier = EvidenceVerifier(opened: OpenedArchive(archive), trust: trust)
    verifier.verify()
    self = verifier.result
  }
}

/// A verification under way: first who signed what, then what it says.
struct EvidenceVerifier {
  var result = EvidenceVerification()
  let opened: OpenedArchive
  let trust: EvidenceTrust
  /// The key that signed the manifest: everything else must be signed by it too.
  var signer: PublicKey?

  init(opened: OpenedArchive, trust: EvidenceTrust) {
    self.opened = opened
    self.trust = trust
  }

  func file(_ name: String) -> [UInt8]? { opened.files[name] }

  mutating func report(_ code: EvidenceProblem.Code, _ file: String? = nil, _ detail: String) {
    result.problems.append(EvidenceProblem(code, file: file, detail: detail))
  }

  mutating func verify() {
    result.problems = opened.problems
    result.files = opened.files.count
    guard !opened.files.isEmpty, let manifest = manifest() else { return }
    result.manifest = manifest
    timeStamp()
    certificate()
    // What files say is looked at only where all of them are those that were signed.
    if opened.problems.isEmpty, let hashes = tree(manifest) {
      let statements = statements(manifest)
      leaves(manifest, hashes, statements)
      previous(manifest, hashes)
    }
    signOffs()
    if result.signers.count < trust.minimumSigners {
      report(
        .tooFewSigners, nil,
        "\(Format.plural(result.signers.count, "trusted key")) signed, \(trust.minimumSigners) are asked for")
    }
  }

  private mutating func manifest() -> EvidenceManifest? {
    let name = EvidenceFile.manifest
    guard let bytes = file(name), let envelope = try? Envelope(parsing: bytes), (try? envelope.encoded()) == bytes,
      envelope.payloadType == Envelope.inToto
    else {
      report(.manifestUnreadable, name, "the manifest is missing, or not an envelope in its one form")
      return nil
    }
    guard let key = signer(of: envelope) else {
      report(.manifestUntrusted, name, "no key that is trusted here signed the manifest")
      return nil
    }
    signer = key
    result.signers = [key.description]
    guard
      let statement = try? Statement<EvidenceManifest>(
        payload: envelope.payload, predicateType: EvidenceManifest.predicateType)
    else {
      report(.manifestUnreadable, name, "the manifest says something that this version does not know")
      return nil
    }
    parts(SignedParts(envelope), EvidenceFile.manifestParts)
    covered(by: statement)
    if opened.time.millisecondsSince1970 / 1000 != statement.predicate.exportedAt.millisecondsSince1970 / 1000 {
      report(.notCanonical, nil, "the archive's files do not have the time of the export")
    }
    return statement.predicate
  }

  /// The one trusted key that signed; nil where there is none. The key's id is a hint that must be right, since it is a byte of the archive too.
  func signer(of envelope: Envelope) -> PublicKey? {
    guard envelope.signatures.count == 1, let key = envelope.signers(among: trust.keys).first,
      envelope.signatures[0].keyID == key.keyID
    else { return nil }
    return key
  }

  /// The files that hold what was signed and the signature must be what the envelope beside them holds.
  mutating func parts(_ parts: SignedParts?, _ name: String) {
    for (name, bytes) in parts?.files(name) ?? [:] where file(name) != bytes {
      report(.partsDiffer, name, "\(name) is not what the envelope beside it holds")
    }
  }

  /// The files that the list of digests cannot name are named by the manifest, and there are no others.
  private mutating func covered(by statement: Statement<EvidenceManifest>) {
    for subject in statement.subjects {
      guard let bytes = file(subject.name) else {
        report(.fileMissing, subject.name, "\(subject.name) is named by the manifest and not there")
        continue
      }
      if SHA256.digest(bytes) != subject.digest.sha256 {
        report(.fileChanged, subject.name, "\(subject.name) is not the file that the manifest names")
      }
    }
    let subjects = Set(statement.subjects.map(\.name))
    if !subjects.contains(EvidenceFile.sums) {
      report(.manifestUnreadable, EvidenceFile.manifest, "the manifest does not name the list of digests")
    }
    let own = [
      EvidenceFile.manifest, EvidenceFile.signed(EvidenceFile.manifestParts),
      EvidenceFile.rawSignature(EvidenceFile.manifestParts),
    ]
    for name in opened.files.keys.sorted()
    where EvidenceFile.isOutsideSums(name) && !subjects.contains(name) && !own.contains(name) {
      report(.fileUnexpected, name, "\(name) is named neither by the manifest nor by the list of digests")
    }
  }

  private mutating func signOffs() {
    for given in trust.signOffs {
      guard let envelope = try? Envelope(parsing: given.bytes), envelope.payloadType == Envelope.inToto,
        let statement = try? Statement<SignOff>(payload: envelope.payload, predicateType: SignOff.predicateType)
      else {
        report(.signOffUnreadable, given.name, "\(given.name) is not a sign-off")
        continue
      }
      let keys = envelope.signers(among: trust.keys).map(\.description).sorted()
      guard !keys.isEmpty else {
        report(.signOffUntrusted, given.name, "no key that is trusted here signed \(given.name)")
        continue
      }
      guard statement.subjects.map(\.digest.sha256) == [SHA256.digest(file(EvidenceFile.sums) ?? [])] else {
        report(.signOffDiffers, given.name, "\(given.name) signs off another archive")
        continue
      }
      let said = statement.predicate
      for key in keys {
        result.signOffs.append(.init(who: said.who, role: said.role, at: said.at, key: key))
        if !result.signers.contains(key) { result.signers.append(key) }
      }
    }
  }
}
