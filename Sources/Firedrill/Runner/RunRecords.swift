import DrillCrypto
import DrillEvidence
import DrillModel
import Foundation

/// The ledger as a session uses it: what cannot be recorded is remembered as a problem, and the result is still there.
final class RunRecords: Sendable {
  private let ledger: Ledger?
  private let problem: DrillError?
  private let path: String
  let redactor: KeyRedactor

  init(path: String) {
    self.path = path
    do {
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      let opened = try Ledger.open(at: path, mode: .readWrite)
      ledger = opened
      problem = nil
      redactor = opened.redactor
    } catch {
      ledger = nil
      problem =
        error as? DrillError
        ?? DrillError(
          .ledgerUnwritable, subject: path,
          detail: "the ledger cannot be made here; see the folder's mode and free space", underlying: error)
      redactor = .ephemeral()
    }
  }

  /// Records that a run begins, so that one that is cut off can be seen.
  func begin(_ run: Run) -> Bool {
    guard let ledger else { return false }
    return
      (try? ledger.begin(
        run: run.id, drill: run.drill, cluster: run.cluster, startedAt: run.startedAt, files: run.files, seed: run.seed))
      != nil
  }

  /// Records a topology that the ledger does not know yet. A failure shows when the run is recorded.
  ///
  /// - Parameter cut: when it was in force, where it is a backup's.
  func see(_ topology: Topology?, of cluster: String, in place: String, at cut: Instant? = nil) {
    guard let ledger, let topology else { return }
    _ = try? ledger.see(TopologySeen(cluster: cluster, topology, seenIn: place, asOf: cut))
  }

  /// All that is recorded of a cluster; nil where it cannot be read.
  func history(of cluster: String) -> History? { try? ledger?.history(of: cluster) }

  /// Records something beside the runs; false where it could not be.
  @discardableResult
  func append(_ body: some LeafBody) -> Bool {
    guard let ledger else { return false }
    return (try? ledger.append(body)) != nil
  }

  /// The files of an unsealed backup as a run read them.
  struct ReadFiles: Sendable {
    var run: String
    var files: [String: Digest]
  }

  /// What the last run over the same unsealed backup read; nil where there was none.
  func readFiles(of backup: String, cluster: String) -> ReadFiles? {
    guard let ledger, let entries = try? ledger.runs(cluster: cluster) else { return nil }
    return entries.compactMap(\.outcome).filter { run in
      run.backups.contains { $0.backup == backup && $0.unsealed?.files.isEmpty == false }
    }.max { $0.startedAt < $1.startedAt }.flatMap { run in
      run.backups.first { $0.backup == backup }?.unsealed.map { ReadFiles(run: run.run, files: $0.files) }
    }
  }

  /// A signed statement as a run found it under a backup's name.
  struct KnownManifest: Sendable {
    var run: String
    var digest: Digest
  }

  /// The manifests of a cluster's backups, and of all links of their chains, as the last run found them that read every byte of what a trusted key signed. A
  /// run that found one replaced says nothing of it.
  func manifests(of cluster: String) -> [String: KnownManifest] {
    guard let ledger, let entries = try? ledger.runs(cluster: cluster) else { return [:] }
    let runs = entries.compactMap(\.outcome).filter {
      $0.level >= .bytes && !$0.isUnsealed && $0.findings[FindingCode.manifestReplaced.rawValue] == nil
    }
    var known: [String: KnownManifest] = [:]
    for run in runs.sorted(by: { $0.startedAt < $1.startedAt }) {
      for backup in run.backups {
        for link in backup.chain?.links ?? [] {
          known[link.backup] = KnownManifest(run: run.run, digest: link.manifest)
        }
        if let digest = backup.manifest { known[backup.backup] = KnownManifest(run: run.run, digest: digest) }
      }
    }
    return known
  }

  func record(_ run: Run, began: Bool) -> DrillOutcome {
    guard let ledger else { return DrillOutcome(run: run, ledger: path, recordingProblem: problem) }
    do {
      try ledger.append(run)
      return DrillOutcome(run: run, ledger: path, recordingProblem: nil)
    } catch {
      let problem =
        error as? DrillError
        ?? DrillError(.ledgerUnwritable, subject: ledger.path, detail: "\(error)", underlying: error)
      return DrillOutcome(run: run, ledger: path, recordingProblem: problem)
    }
  }

  /// Leaves the ledger's tree head in a catalog that lasts. A failure shows at the next `ledger verify`.
  func anchor(in catalog: String?, key: SigningKey?) {
    guard let catalog, let ledger else { return }
    _ = try? ledger.writeAnchor(to: catalog, signedBy: key)
  }

  /// The same, telling of a failure.
  func writeAnchor(to folder: String, key: SigningKey?) throws {
    _ = try ledger?.writeAnchor(to: folder, signedBy: key)
  }

  /// Cuts that runs of this cluster verified. One that only missed an objective verified its cut all the same: how late it came says nothing about it.
  func verifiedCuts(of cluster: String) -> [Instant] {
    guard let ledger, let entries = try? ledger.runs(cluster: cluster) else { return [] }
    return entries.compactMap(\.outcome).filter { run in
      run.verdict == .pass
        || run.firstFailingStage == .objectives && run.obstacles.isEmpty && run.level >= run.requiredLevel
    }.flatMap { $0.backups.compactMap { $0.cut?.time } }
  }
}
