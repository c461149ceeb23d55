import DrillCrypto
public import DrillEvidence
public import DrillModel
import Foundation

extension Firedrill {
  /// A decision that a gate made.
  public struct GateResult: Sendable {
    public var decision: GateDecision
    /// The envelope that was recorded and its statement signed, as JSON prints it with the decision.
    public var document: GateDocument
    /// Why the ledger does not hold it; nil where it does, and where it was not to be recorded.
    public var recordingError: DrillError?

    public var status: ExitStatus { GateDocument.status(decision, recordingError) }
  }

  /// Decides by a policy from what a ledger holds, signs the decision, and records it.
  ///
  /// - Parameters:
  ///   - catalog: says which backups are retained; nil: nobody does.
  ///   - key: signs; without it nobody can verify the decision.
  ///   - isRecorded: whether the ledger takes the decision up.
  /// - Throws: `DrillError`: `bad-file`, `key-unreadable`, `io` where there is no ledger, `ledger-damaged`, `catalog-empty`.
  public static func gate(
    policy path: String, stage: GateStage, ledger ledgerPath: String, catalog: String? = nil, key: String? = nil,
    isRecorded: Bool = true, at now: Instant? = nil
  ) throws -> GateResult {
    let policy = try GatePolicyReader(path: Workplace.absolute(path)).policy()
    let signingKey = try key.map { try KeyFile.readSigningKey(Workplace.absolute($0)) }
    let reading = try Ledger.open(at: ledgerPath, mode: .readOnly)
    let listing = try catalog.map { try CatalogListing(Workplace.absolute($0), at: now ?? .now) }
    let (history, position) = try reading.positionedHistory()
    let facts = GateFacts(history, ledger: position, catalog: listing, at: now ?? .now)
    let decision = policy.decide(stage, on: facts, tool: "firedrill \(version)")
    let envelope = try decision.sealed(with: signingKey)
    guard isRecorded else {
      return GateResult(decision: decision, document: GateDocument(decision, envelope: nil), recordingError: nil)
    }
    var problem: DrillError?
    do {
      try Ledger.open(at: ledgerPath, mode: .readWrite).append(decision, envelope: envelope)
    } catch let error as DrillError {
      problem = error
    }
    return GateResult(
      decision: decision, document: GateDocument(decision, envelope: envelope, recordingError: problem),
      recordingError: problem)
  }

  /// Says whether a recorded decision still lets somebody cut over.
  ///
  /// - Parameters:
  ///   - path: a file with the decision's envelope, such as `--format json` prints.
  ///   - trust: public keys of which one must have signed.
  ///   - ledgerPath: the ledger that it was made from; nil: it is held against none.
  /// - Throws: `DrillError`: `usage` where there is no such file, `key-unreadable`, `io` where there is no such ledger, `ledger-damaged`.
  public static func verifyGate(
    decision path: String, trust: [String], ledger ledgerPath: String?, at now: Instant? = nil
  ) throws -> GateVerification {
    guard let bytes = FileManager.default.contents(atPath: Workplace.absolute(path)) else {
      throw DrillError(.usage, subject: path, detail: "there is no such file, or it may not be read")
    }
    let keys = try trust.map { try KeyFile.readPublicKey(Workplace.absolute($0)) }
    var verification = GateVerification([UInt8](bytes), trusted: keys, at: now ?? .now)
    if let ledgerPath, let decision = verification.decision {
      let ledger = try Ledger.open(at: ledgerPath, mode: .readOnly)
      let (history, position) = try ledger.positionedHistory()
      verification.hold(
        against: history, position: position, root: try ledger.computedRoot(size: decision.ledger.size))
    }
    return verification
  }
}

extension CatalogListing {
  /// What a catalog's folder holds now, as its manifests claim.
  init(_ folder: String, at now: Instant) throws {
    let catalog = try Catalog(root: folder)
    var backups: [RetainedBackup] = []
    var unreadable: [String] = []
    for entry in try catalog.entries() {
      if let sealed = try? SealedManifest.read(catalog.envelope(of: entry.id)), sealed.manifest.backup == entry.id {
        backups.append(RetainedBackup(sealed.manifest, digest: sealed.digest))
      } else {
        unreadable.append(entry.id)
      }
    }
    self.init(folder: folder, listedAt: now, backups: backups, unreadable: unreadable)
  }
}
