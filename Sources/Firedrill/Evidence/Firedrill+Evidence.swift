import DrillCrypto
public import DrillEvidence
public import DrillModel
import Foundation

extension Firedrill {
  /// Writes what a ledger says of a period as one signed archive, and records that it did.
  ///
  /// The archive is there as a whole or not at all, and never replaces a file.
  ///
  /// - Throws: `DrillError`: `usage`, `key-unreadable` (also where a certificate is not valid now); `ledger-damaged` where the ledger is not sound, was cut off, or
  ///   is not the one of an earlier export; `ledger-unwritable`; `io`; `timed-out`, `unreachable`, `protocol-violation` of the time-stamp authority.
  public static func exportEvidence(_ order: EvidenceOrder, at now: Instant = .now) async throws -> EvidenceReceipt {
    let seal = try order.seal()
    let output = Workplace.absolute(order.output)
    guard access(output, F_OK) != 0 else {
      throw DrillError(.usage, subject: order.output, detail: "exists already; evidence is never overwritten")
    }
    let ledger = try Ledger.open(at: order.ledger, mode: .readWrite)
    try holdAgainstAnchors(ledger, order, seal)
    let request = EvidenceRequest(
      from: order.from, to: order.to, clusters: order.clusters, exportedAt: now, tool: "firedrill \(version)",
      showsKeys: order.showsKeys, previous: try order.previousHead(of: ledger.origin))
    let contents = try EvidenceContents(of: ledger, request)
    let archive = try await EvidenceFolder.with { folder in
      let stamp = order.stampCommand.map { command in StampCommand(command, in: folder) }
      return try await contents.archive(sealedBy: seal, folder: folder, stamp: stamp.map { $0.reply })
    }
    // The ledger says so before the archive has its name: a recorded archive that got lost is a smaller evil than one that the next does not go on from.
    try WholeFile.write(archive, to: output) { try ledger.append(contents.record, at: now) }
    return EvidenceReceipt(
      archive: order.output, sha256: SHA256.digest(archive), sizeBytes: archive.count, manifest: contents.manifest,
      gaps: contents.gaps.count)
  }

  private static func holdAgainstAnchors(_ ledger: Ledger, _ order: EvidenceOrder, _ seal: EvidenceSeal) throws {
    let anchors = try order.anchors.flatMap { try AnchoredHead.read(in: Workplace.absolute($0)) }
    let verification = try ledger.verify(anchors: anchors)
    guard verification.isSound else {
      throw DrillError(
        .ledgerDamaged, subject: ledger.path,
        detail: "nothing is exported from a ledger that is not sound: "
          + verification.problems.prefix(3).map { "\($0.code.rawValue): \($0.detail)" }.joined(separator: "; "))
    }
    guard order.anchors.isEmpty || verification.anchoredSize > 0 else {
      throw DrillError(
        .usage, subject: order.anchors.joined(separator: ", "), detail: "no head of this ledger is anchored there")
    }
  }

  /// Verifies an archive of evidence.
  ///
  /// - Throws: `DrillError`: `usage`, `key-unreadable`, `io` where a file cannot be read. What is wrong with the archive is in the result.
  public static func verifyEvidence(
    _ archive: String, trust: EvidenceTrustFiles, at now: Instant = .now
  ) throws -> EvidenceVerification {
    try EvidenceVerification(of: try EvidenceInput.read(archive), trusting: try trust.read(at: now))
  }

  /// Signs an archive off: writes a file of its own, beside it unless told otherwise.
  ///
  /// - Returns: the path of the sign-off.
  /// - Throws: `DrillError`: `usage` where the archive is not whole or the file is there already; `key-unreadable`, `io`.
  public static func signOffEvidence(
    _ archive: String, key: String, who: String, role: String, note: String? = nil, output: String? = nil,
    at now: Instant = .now
  ) throws -> String {
    let key = try KeyFile.readSigningKey(Workplace.absolute(key))
    let signOff = SignOff(who: who, role: role, at: now, note: note)
    let bytes = try signOff.sealed(over: try EvidenceInput.read(archive), by: key)
    let path = output ?? "\(archive).sign-off-\(key.publicKey.keyID.prefix(8)).json"
    guard access(Workplace.absolute(path), F_OK) != 0 else {
      throw DrillError(.usage, subject: path, detail: "exists already; a sign-off is never overwritten")
    }
    try WholeFile.write(bytes, to: Workplace.absolute(path))
    return path
  }
}
