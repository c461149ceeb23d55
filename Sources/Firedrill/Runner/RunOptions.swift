public import DrillModel

/// What the caller of a run decides, beside the drill file.
public struct RunOptions: Sendable {
  /// Path of the ledger, before the drill's own; nil: see ``Workplace/ledgerPath(flag:drill:)``.
  public var ledger: String?
  /// Instead of the drill's seed.
  public var seed: UInt64?
  /// Keys in clear, in the run and so in the ledger.
  public var showsKeys: Bool

  public init(ledger: String? = nil, seed: UInt64? = nil, showsKeys: Bool = false) {
    self.ledger = ledger
    self.seed = seed
    self.showsKeys = showsKeys
  }
}

/// A run, and whether it could be recorded.
public struct DrillOutcome: Sendable {
  public var run: Run
  /// Path of the ledger that holds it, or should.
  public var ledger: String
  /// Why it is not in the ledger; nil: it is.
  public var recordingProblem: DrillError?
}
