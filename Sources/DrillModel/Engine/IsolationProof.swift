/// What was tried of a sandbox's isolation, each kind once: over several servers and waves the weakest outcome.
public struct IsolationProof: Hashable, Sendable, Codable {
  /// In the order of ``IsolationTrial/Kind``.
  public private(set) var trials: [IsolationTrial]

  public init(_ trials: [IsolationTrial] = []) {
    self.trials = []
    for trial in trials { add(trial) }
  }

  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode([IsolationTrial].self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(trials)
  }

  public subscript(kind: IsolationTrial.Kind) -> IsolationTrial? { trials.first { $0.kind == kind } }

  public func with(_ outcome: IsolationTrial.Outcome) -> [IsolationTrial] { trials.filter { $0.outcome == outcome } }

  /// Adds a trial; of a kind that is there already the weaker outcome stays.
  public mutating func add(_ trial: IsolationTrial) {
    if let known = trials.firstIndex(where: { $0.kind == trial.kind }) {
      trials[known] = trials[known].weaker(trial)
    } else {
      let order = IsolationTrial.Kind.allCases
      func place(_ kind: IsolationTrial.Kind) -> Int { order.firstIndex(of: kind) ?? order.count }
      trials.insert(trial, at: trials.firstIndex { place($0.kind) > place(trial.kind) } ?? trials.count)
    }
  }

  public mutating func add(_ other: IsolationProof) {
    for trial in other.trials { add(trial) }
  }

  /// The trials that got through although `isolation` promises that they do not.
  public func broken(_ isolation: Isolation) -> [IsolationTrial] {
    with(.failed).filter { trial in trial.kind.promisedBy.map { $0 <= isolation } ?? false }
  }

  /// The best isolation, up to `claimed`, of whose promises none was broken; ``Isolation/folder`` at least, since there
  /// is nothing less.
  public func upheld(of claimed: Isolation) -> Isolation {
    Isolation.allCases.last { $0 <= claimed && broken($0).isEmpty } ?? .folder
  }

  /// - Throws: `DrillError` with `isolation-unavailable` where a trial that is required does not hold, was not tried or
  ///   is missing.
  public func require(_ kinds: some Sequence<IsolationTrial.Kind>) throws {
    for kind in kinds {
      let trial = self[kind] ?? IsolationTrial(kind, .notTried, "it was not tried")
      guard trial.outcome != .held, trial.outcome != .notApplicable else { continue }
      throw DrillError(
        .isolationUnavailable, stage: .restore, subject: kind.rawValue,
        detail:
          "the drill requires this trial to hold, and it \(trial.outcome == .failed ? "did not" : "was not made"): \(trial.detail)"
      )
    }
  }
}
