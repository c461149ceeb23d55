public import DrillModel

/// All that a gate may look at. A value: a decision is a pure function of it and of the policy.
public struct GateFacts: Sendable {
  public let history: History
  /// The ledger's place at which ``history`` was read.
  public let ledger: LedgerPosition
  public let catalog: CatalogListing?
  public let now: Instant
  public let clock: ClockTrace
  let interrupted: [Recorded<RunStarted>]
  let findings: [FollowedFinding]
  let missed: [MissedDrill]

  public init(_ history: History, ledger: LedgerPosition, catalog: CatalogListing? = nil, at now: Instant) {
    self.history = history
    self.ledger = ledger
    self.catalog = catalog
    self.now = now
    clock = ClockTrace(history)
    interrupted = history.interrupted
    findings = history.findings(at: now)
    missed = history.missedDrills(at: now)
  }
}
