import DrillModel

/// Every byte of every retained backup was read, and found as sealed, within a time.
///
/// Which backups are retained no ledger knows: it is taken from a catalog's listing, which the decision repeats.
public struct VerificationDebtClause: GateClause {
  public static var name: String { "verification_debt" }
  public var within: Duration
  public init(within: Duration) { self.within = within }

  public var required: String { "every byte read within \(GateWords.duration(within))" }
  public var lookback: Duration? { within }
  public var nextStep: String {
    "Drill the backups that were not read (backup: {id: …}, or {sample: {count: …}}); name the catalog with --catalog."
  }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    guard let catalog = facts.catalog else {
      return .cannotBeTold("which backups are retained is not recorded; name the catalog with --catalog")
    }
    guard !facts.allRuns.isEmpty else { return .cannotBeTold(facts.nothingRan) }
    let retained = catalog.backups.filter { $0.cluster == facts.cluster }
    guard !retained.isEmpty else {
      return .cannotBeTold("the catalog holds no backup of \(facts.cluster)", measured: "no backups")
    }
    let debt = VerificationDebt(of: retained, runs: facts.allRuns)
    let owed = debt.owed(within: within, at: facts.now)
    let cited = (owed.isEmpty ? debt.entries : owed).compactMap(\.fact)
    let bytes = owed.reduce(0) { $0 &+ $1.backup.bytes }
    guard owed.isEmpty else {
      let named = owed.prefix(3).map { "\($0.backup.backup) \(words($0))" }
      return ClauseOutcome(
        .notMet, measured: "\(Format.bytes(bytes)) owed",
        reason: "\(owed.count) of \(Format.plural(retained.count, "backup")): \(named.joined(separator: ", "))"
          + (owed.count > 3 ? " and \(owed.count - 3) more" : ""),
        facts: cited, quantity: ComparedQuantity(required: 0, measured: Double(owed.count), unit: "backups"))
    }
    // Any of those may be of this cluster.
    guard catalog.unreadable.isEmpty else {
      return .cannotBeTold(
        "\(Format.plural(catalog.unreadable.count, "backup")) in the catalog \(catalog.unreadable.count == 1 ? "has a manifest" : "have manifests") that cannot be read: \(catalog.unreadable.prefix(3).joined(separator: ", "))",
        measured: "unknown", facts: cited)
    }
    return ClauseOutcome(
      .met, measured: "nothing owed",
      reason: "all \(Format.plural(retained.count, "retained backup")) were read in full",
      facts: cited, quantity: ComparedQuantity(required: 0, measured: 0, unit: "backups"))
  }

  private func words(_ entry: VerificationDebt.Entry) -> String {
    switch entry.state {
    case .read: "last read \(entry.readAt.map { Format.time($0) } ?? "?")"
    case .damaged: "found damaged"
    case .partly: "read in part"
    case .exchanged: "has another manifest than when it was drilled"
    case .never: "never read"
    }
  }
}
