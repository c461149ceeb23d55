public import DrillModel

/// Judges what was measured against what the drill requires. An objective for which nothing was measured is an
/// obstacle, never a pass.
public struct ObjectivesCheck: Sendable {
  public var objectives: Objectives
  public init(_ objectives: Objectives) { self.objectives = objectives }

  /// What was measured; nil where it was not.
  public struct Measured: Sendable {
    public var restoreTime: Duration?
    /// The cuts that runs have verified, in any order, this run's included. For "and until now" include now.
    public var verifiedCuts: [Instant]
    public var drift: [Run.DriftTally]?
    public var answers: Run.AnswerTally?
    public var coverage: [Run.StageCoverage]

    public init(
      restoreTime: Duration? = nil, verifiedCuts: [Instant] = [], drift: [Run.DriftTally]? = nil,
      answers: Run.AnswerTally? = nil, coverage: [Run.StageCoverage] = []
    ) {
      self.restoreTime = restoreTime
      self.verifiedCuts = verifiedCuts
      self.drift = drift
      self.answers = answers
      self.coverage = coverage
    }
  }

  public func check(_ measured: Measured) -> Judgement {
    var judgement = Judgement()
    func found(_ code: FindingCode, _ expected: String, _ observed: String) {
      judgement.findings.append(Finding(code, stage: .objectives, expected: expected, observed: observed))
    }
    func unknown(_ objective: String, _ detail: String) {
      judgement.obstacles.append(
        Run.Obstacle(DrillError(.referenceUnavailable, subject: objective, detail: detail), stage: .objectives))
    }
    if let limit = objectives.restoreTime {
      if let time = measured.restoreTime {
        if time > limit {
          found(.restoreTimeExceeded, "restored within \(Wording.duration(limit))", Wording.duration(time))
        }
      } else {
        unknown("restore time", "nothing was restored, so that there is no time to hold against the objective")
      }
    }
    if let limit = objectives.recoveryPoint {
      if let gap = ObjectivesCheck.largestGap(measured.verifiedCuts) {
        if gap.length > limit {
          found(
            .recoveryPointExceeded, "a verified cut every \(Wording.duration(limit))",
            "\(Wording.duration(gap.length)) after \(gap.start)")
        }
      } else {
        unknown(
          "recovery point", "a gap needs two verified cuts; run the drill on another backup of the cluster as well")
      }
    }
    if let limit = objectives.maxDrift {
      if let drift = measured.drift {
        let count = drift.reduce(0) { $0 &+ $1.count }
        if count > limit { found(.driftExceeded, "at most \(Wording.count(limit, "differing record"))", "\(count)") }
      } else {
        unknown("drift", "drift was not measured")
      }
    }
    if let limit = objectives.maxMismatches {
      if let answers = measured.answers {
        if answers.different > limit {
          found(.mismatchesExceeded, "at most \(Wording.count(limit, "differing answer"))", "\(answers.different)")
        }
      } else {
        unknown("mismatches", "no answers were compared")
      }
    }
    if let least = objectives.minCoverage {
      if measured.coverage.isEmpty { unknown("coverage", "nothing was examined") }
      for part in measured.coverage {
        guard let share = part.coverage.share, share < least else { continue }
        found(
          .coverageShort, "at least \(Wording.percent(least)) of \(part.of) (\(part.coverage.unit.rawValue))",
          Wording.percent(share))
      }
    }
    return judgement
  }

  /// The longest time between two consecutive instants, and when it began; nil for fewer than two.
  public static func largestGap(_ cuts: [Instant]) -> (start: Instant, length: Duration)? {
    let sorted = cuts.sorted()
    return zip(sorted, sorted.dropFirst()).map { earlier, later in
      (earlier, Duration.milliseconds(later.millisecondsSince1970 - earlier.millisecondsSince1970))
    }.max { $0.1 < $1.1 }
  }
}
