public import DrillCrypto
import DrillModel

extension EvidenceContents {
  /// Signs everything and puts it into one archive.
  ///
  /// - Parameter folder: where a file may be for a moment.
  /// - Parameter stamp: asks a time-stamp authority and hands back its reply, in DER; nil: no time stamp.
  /// - Throws: `DrillError`: `key-unreadable` where key and certificate do not go together; `protocol-violation` where the reply is not one to the query;
  ///   what `stamp` throws.
  public func archive(
    sealedBy seal: EvidenceSeal, folder: String,
    stamp: ((TimeStampRequest) async throws -> [UInt8])? = nil
  ) async throws -> [UInt8] {
    var files = try listedFiles(seal, folder: folder, isStamped: stamp != nil)
    files[EvidenceFile.sums] = DigestList.encode(files)
    var covered = [EvidenceFile.sums]
    if let document = seal.document {
      let signature = try DetachedSignature(
        signing: files[EvidenceFile.sums] ?? [], with: document.key, chain: document.chain, at: manifest.exportedAt)
      files[EvidenceFile.signature] = signature.bytes
      covered.append(EvidenceFile.signature)
    }
    if let stamp {
      let stamped = EvidenceFile.stamped(hasSignature: seal.document != nil)
      let request = try TimeStampRequest(stamping: SHA256.digest(files[stamped] ?? []))
      let reply = try TimeStampReply(await stamp(request))
      guard reply.answers(request) else {
        throw DrillError(
          .protocolViolation, subject: "time stamp",
          detail: "the authority answered another query: digest or nonce differ")
      }
      guard reply.isSignedForTimeStamping else {
        throw DrillError(
          .protocolViolation, subject: "time stamp",
          detail: "the reply carries no certificate that signed it and is for time stamps alone")
      }
      files[EvidenceFile.query(for: stamped)] = request.bytes
      files[EvidenceFile.reply(for: stamped)] = reply.bytes
      covered += [EvidenceFile.query(for: stamped), EvidenceFile.reply(for: stamped)]
    }
    let statement = Statement(
      subjects: covered.map { Statement<EvidenceManifest>.Subject(name: $0, sha256: SHA256.digest(files[$0] ?? [])) },
      predicateType: EvidenceManifest.predicateType, predicate: manifest)
    files.merge(try signed(statement.sealed(with: [seal.key]), as: EvidenceFile.manifest, EvidenceFile.manifestParts)) {
      $1
    }
    return TarArchive.encode(files.map { TarEntry($0.key, $0.value) }, time: manifest.exportedAt)
  }

  /// Everything that the list of digests names.
  private func listedFiles(
    _ seal: EvidenceSeal, folder: String, isStamped: Bool
  ) throws -> [String: [UInt8]] {
    var files = reports
    files[EvidenceFile.readme] = Array(
      EvidenceReadme(
        manifest: manifest, key: seal.key.publicKey, hasSignature: seal.document != nil, isStamped: isStamped
      )
      .text.utf8)
    files[EvidenceFile.signerKey] = Array(seal.key.publicKey.pem.utf8)
    files[EvidenceFile.controlsJSON] = Array((try CanonicalJSON.text(controls) + "\n").utf8)
    files[EvidenceFile.controlsCSV] = CSVText.encode(
      [["control", "subject", "statements that support it", "statements against it", "missing"]]
        + controls.map { row in
          [
            row.control, row.subject, row.supportedBy.map(String.init).joined(separator: " "),
            row.contradictedBy.map(String.init).joined(separator: " "), row.missing.joined(separator: "; "),
          ]
        })
    files[EvidenceFile.gapsJSON] = Array((try CanonicalJSON.text(gaps) + "\n").utf8)
    files[EvidenceFile.gapsCSV] = CSVText.encode(
      [["gap", "cluster", "drill", "run", "leaf", "at", "detail"]]
        + gaps.map { gap in
          [
            gap.kind.rawValue, gap.cluster ?? "", gap.drill ?? "", gap.run ?? "", gap.leaf.map(String.init) ?? "",
            gap.at?.description ?? "", gap.detail,
          ]
        })
    try addLedger(to: &files, seal.key, folder: folder)
    var lines: [UInt8] = []
    for (index, statement) in statements.enumerated() {
      var envelope = Envelope(payload: statement.payload)
      try envelope.sign(with: seal.key)
      lines += try envelope.encoded()
      if let parts = SignedParts(envelope) { files.merge(parts.files(EvidenceFile.statement(index + 1))) { $1 } }
    }
    files[EvidenceFile.statements] = lines
    return files
  }

  private func addLedger(to files: inout [String: [UInt8]], _ key: SigningKey, folder: String) throws {
    let head = try TreeHead(origin: manifest.log, size: UInt64(manifest.size), root: manifest.root)
    let checkpoint = try head.signed(with: key)
    files[EvidenceFile.checkpoint] = checkpoint
    if let parts = SignedParts(signedHead: checkpoint) { files.merge(parts.files(EvidenceFile.checkpoint)) { $1 } }
    files[EvidenceFile.hashes] = LogText.hashes(ledger.nodes.leaves)
    if manifest.previous != nil { files[EvidenceFile.consistency] = LogText.hashes(consistency) }
    for (number, decision) in decisions { files[EvidenceFile.decision(number)] = decision }
    for (number, leaf) in ledger.leaves { files[EvidenceFile.leaf(number)] = leaf.statement }
    for number in Set(ledger.leaves.keys).union(statements.compactMap(\.leaf)) {
      files[EvidenceFile.proof(number)] = LogText.proof(ledger.nodes.steps(from: number))
    }
    files[EvidenceFile.excerpt] = try ExcerptDatabase.make(
      manifest, ledger.nodes.leaves, shown: ledger.leaves, in: folder)
  }

  private func signed(_ envelope: Envelope, as name: String, _ parts: String) throws -> [String: [UInt8]] {
    var files = [name: try envelope.encoded()]
    if let split = SignedParts(envelope) { files.merge(split.files(parts)) { $1 } }
    return files
  }
}
