import DrillChecks
import DrillCrypto
public import DrillEvidence
public import DrillModel
import Foundation

extension Firedrill {
  /// Says what a retention rule would keep and drop of a catalog, and what must not be dropped. Deletes nothing, records nothing.
  ///
  /// - Throws: `DrillError`: `bad-file`, `key-unreadable`, `usage`; `catalog-empty` where there is no catalog; `ledger-damaged`.
  public static func retention(
    _ request: RetentionRequest, events: @escaping DrillEventHandler = { _ in }
  ) async throws -> RetentionPlan {
    let file = try RetentionRuleReader(path: Workplace.absolute(request.rule)).rule()
    let trusted = try request.trust.map { try KeyFile.readPublicKey(Workplace.absolute($0)) }
    let opened = try await CatalogPlace(request.catalog).opened(events: events)
    let manifests = VerifiedManifests(
      opened.catalog, trusted: trusted, requiresSignature: request.requiresSignature)
    let candidates = try opened.catalog.entries().map { entry in
      let checked = manifests.result(entry.id)
      return RetentionCandidate(
        backup: entry.id,
        stated: manifests.link(entry.id).map { RetainedBackup($0.manifest, digest: $0.digest) },
        problem: checked.findings.first.map { "\($0.code.rawValue): \($0.observed)" },
        predecessor: (checked.manifest ?? entry.claimed)?.predecessor?.backup)
    }
    let hasLedger = FileManager.default.fileExists(atPath: request.ledger)
    let history = hasLedger ? try Ledger.open(at: request.ledger, mode: .readOnly).history() : nil
    var plan = RetentionPlan(file.rule, of: candidates, history: history, at: request.at)
    guard let probe = file.immutability else { return plan }
    for line in plan.lines where line.outcome == .keep || line.outcome == .refused {
      guard let manifest = manifests.result(line.backup).manifest else { continue }
      let judgement = try ImmutabilityCheck.check(
        try await probe.ask(manifest, in: opened.catalog, mirror: opened.mirror), of: line.backup)
      plan.add(findings: judgement.findings, obstacles: judgement.obstacles, coverage: judgement.coverage)
    }
    return plan
  }
}
