public import DrillEvidence
public import DrillModel
import Foundation

extension Firedrill {
  /// All findings that a ledger's runs made, followed from run to run; overdue ones first.
  ///
  /// - Throws: `DrillError`: `ledger-damaged`, `io` where there is no ledger.
  public static func findings(
    ledger path: String, cluster: String? = nil, at now: Instant = .now
  ) throws -> [FollowedFinding] {
    let findings = try Ledger.open(at: path, mode: .readOnly).history().findings(at: now)
    return findings.filter { cluster == nil || $0.cluster == cluster }
  }

  /// Records what somebody does about a finding, and gives it back as it then stands.
  ///
  /// - Parameter name: the finding's, or a beginning of it that only one has.
  /// - Throws: `DrillError`: `usage` where there is no such finding, nobody or nothing is said, or the finding is closed and only a note can be left;
  ///   `ledger-unwritable`, `ledger-damaged`.
  public static func act(
    _ action: FindingAction.Action, on name: String, who: String, why: String, ledger path: String,
    at now: Instant = .now
  ) throws -> FollowedFinding {
    for (value, what) in [(who, "--who"), (why, "--why")] {
      guard value.contains(where: { !$0.isWhitespace }) else {
        throw DrillError(.usage, subject: what, detail: "it must say something: it is kept for whoever comes next")
      }
      guard value.utf8.count <= mostWords else {
        throw DrillError(
          .usage, subject: what, detail: "it has more than \(mostWords) bytes, and would stay in the ledger for ever")
      }
    }
    // Read first: opened for writing, a ledger that is not there would be made.
    let finding = try findings(ledger: path, at: now).named(name)
    guard finding.isOpen || action == .note else {
      throw DrillError(
        .usage, subject: finding.id,
        detail: "it is \(finding.state.rawValue) already; a note can still be left: firedrill findings note")
    }
    let ledger = try Ledger.open(at: path)
    try ledger.append(
      FindingAction(finding: finding.id, cluster: finding.cluster, action, who: who, why: why), at: now)
    return try ledger.history().findings(at: now).named(finding.id)
  }

  /// Most bytes of a name or a reason: they stay in the ledger for ever.
  private static let mostWords = 4096

  /// The name of the user who runs this.
  public static var loginName: String { NSUserName() }

  /// Pages of the playbook with what the ledger at `path` adds to them, where there is one that can be read.
  ///
  /// - Parameter code: one code's page; nil: all.
  /// - Throws: `DrillError` with `usage` for a code that there is not, with those that are near.
  public static func playbook(_ code: String? = nil, ledger path: String) throws -> Playbook {
    let pages = try code.map { [try PlaybookPage.named($0)] } ?? PlaybookPage.all
    // The page is what was asked for; a ledger that cannot be read keeps nobody from it.
    let history = try? Ledger.open(at: path, mode: .readOnly).history()
    return Playbook(pages, from: history ?? History())
  }
}
