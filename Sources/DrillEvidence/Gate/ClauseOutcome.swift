import DrillModel

/// What a clause's evaluation over one cluster returns.
public struct ClauseOutcome: Hashable, Sendable {
  public var status: ClauseStatus
  /// What is so, in a few words: `restored`, `31 h`, `not recorded`.
  public var measured: String
  /// The fact that decided, one sentence.
  public var reason: String
  /// The leaves that state it.
  public var facts: [RecordedFact]
  /// The two numbers that were compared, where it was numbers.
  public var quantity: ComparedQuantity?
  public var fit: RestoreFit?

  public init(
    _ status: ClauseStatus, measured: String, reason: String, facts: [RecordedFact] = [],
    quantity: ComparedQuantity? = nil, fit: RestoreFit? = nil
  ) {
    self.status = status
    self.measured = measured
    self.reason = reason
    self.facts = facts
    self.quantity = quantity
    self.fit = fit
  }

  static func cannotBeTold(
    _ reason: String, measured: String = "not recorded", facts: [RecordedFact] = [], fit: RestoreFit? = nil
  ) -> ClauseOutcome {
    ClauseOutcome(.cannotBeTold, measured: measured, reason: reason, facts: facts, fit: fit)
  }

  static func decided(
    _ isMet: Bool, measured: String, reason: String, facts: [RecordedFact], quantity: ComparedQuantity? = nil,
    fit: RestoreFit? = nil
  ) -> ClauseOutcome {
    ClauseOutcome(
      isMet ? .met : .notMet, measured: measured, reason: reason, facts: facts, quantity: quantity, fit: fit)
  }
}

/// A leaf that a decision rests on.
public struct RecordedFact: Hashable, Sendable, Codable {
  public var leaf: Int
  /// The run that it records; nil for leaves of other kinds.
  public var run: String?

  public init(leaf: Int, run: String? = nil) {
    self.leaf = leaf
    self.run = run
  }

  init(_ run: Recorded<RunFinished>) { self.init(leaf: run.leaf, run: run.body.run) }
}

/// Two numbers that were held against each other.
public struct ComparedQuantity: Hashable, Sendable, Codable {
  public var required: Double
  /// Nil where there is none.
  public var measured: Double?
  /// `ms`, `share`, `ratio`, `findings`, `records`, `answers`, `drills`, `backups`.
  public var unit: String

  public init(required: Double, measured: Double?, unit: String) {
    self.required = required
    self.measured = measured
    self.unit = unit
  }
}
