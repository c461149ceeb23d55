import DrillModel

/// Which statements bear witness to which control.
struct ControlMatrix {
  /// Finished runs that are stated, with the number of their statement.
  var runs: [(statement: Int, body: RunFinished)] = []
  /// Statements by kind, with their cluster.
  var statements: [(statement: Int, kind: String, cluster: String?)] = []
  /// Findings that were open at the end of the period, and those that were closed.
  var openFindings: [Int] = []
  var closedFindings: [Int] = []
  var clusters: [String] = []
  var scheduledClusters: Set<String> = []

  func rows() -> [ControlRow] { Control.allCases.map(row) }

  private func row(_ control: Control) -> ControlRow {
    switch control {
    case .nistCP4, .hipaaTesting:
      return row(
        control,
        supporting: numbers { _ in true } + kinds("gate-decision", "finding-action", "skipped") + closedFindings,
        against: kinds("missed-drill") + openFindings, missing: lacking("a finished run") { _ in true } + unscheduled)
    case .nistCP9:
      return tested(control, at: .decoded)
    case .nistCP10, .hipaaRecovery:
      return tested(control, at: .restored, also: unmeasured(.restoreTime))
    case .soc2A12:
      return row(
        control, supporting: numbers { !$0.backups.isEmpty } + kinds("schedule", "topology"),
        against: kinds("missed-drill"), missing: unscheduled)
    case .soc2A13, .dora122: return tested(control, at: .restored, also: unscheduled)
    case .isoA813: return tested(control, at: .restored)
    case .dora123:
      return row(
        control, supporting: numbers { $0.isolation != nil && $0.level >= .restored }, against: [],
        missing: lacking("a restore whose isolation is recorded") { $0.isolation != nil && $0.level >= .restored }
          + ["that the production systems' administrators cannot reach the sandbox: outside of what a drill sees"])
    case .dora126:
      func measures(_ run: RunFinished) -> [Run.Objective] {
        run.objectives.filter { [.restoreTime, .recoveryPoint].contains($0.kind) }
      }
      return row(
        control,
        supporting: numbers { run in
          measures(run).contains { $0.isMet == true } && measures(run).allSatisfy { $0.isMet != false }
        },
        against: numbers { run in measures(run).contains { $0.isMet == false } },
        missing: unmeasured(.restoreTime) + unmeasured(.recoveryPoint))
    case .dora127, .hipaaBackup: return tested(control, at: .content)
    }
  }

  private func tested(_ control: Control, at level: Level, also missing: [String] = []) -> ControlRow {
    row(
      control, supporting: numbers { $0.verdict == .pass && $0.level >= level },
      against: numbers { $0.verdict == .fail } + openFindings,
      missing: lacking("a passing run that reached `\(level.rawValue)`") { $0.verdict == .pass && $0.level >= level }
        + missing)
  }

  private func row(_ control: Control, supporting: [Int], against: [Int], missing: [String]) -> ControlRow {
    ControlRow(
      control: control.rawValue, subject: control.subject, supportedBy: Set(supporting).sorted(),
      contradictedBy: Set(against).sorted(), missing: missing)
  }

  private func numbers(_ isMeant: (RunFinished) -> Bool) -> [Int] { runs.filter { isMeant($0.body) }.map(\.statement) }

  private func kinds(_ kinds: String...) -> [Int] {
    statements.filter { kinds.contains($0.kind) }.map(\.statement)
  }

  private func lacking(_ what: String, _ isMeant: (RunFinished) -> Bool) -> [String] {
    clusters.filter { cluster in !runs.contains { $0.body.cluster == cluster && isMeant($0.body) } }
      .map { "\(what) of cluster \($0)" }
  }

  private var unscheduled: [String] {
    clusters.filter { !scheduledClusters.contains($0) }
      .map { "a declared schedule of cluster \($0): without one, drills that did not run are not seen" }
  }

  private func unmeasured(_ kind: Run.Objective.Kind) -> [String] {
    lacking("a measurement against the \(kind.rawValue.uppercased())") {
      $0.objectives.contains { $0.kind == kind && $0.measured != nil }
    }
  }
}
