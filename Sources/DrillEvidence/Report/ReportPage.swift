public import DrillModel

/// What a report says, of one run or of a cluster over a time: one value that every format renders.
///
/// A pure function of what the ledger holds and of the time that is passed in. What was not examined stands beside what was (``gaps``); what is not recorded any
/// more is said to be so, and nothing is concluded from it. As JSON it is the `json` format, written by ``CanonicalJSON/text(_:)``: keys may be added, and none
/// changes its meaning.
public struct ReportPage: Hashable, Sendable, Codable {
  /// The name of this form, `format` in the JSON.
  public static let formatName = "https://firedrill.dev/report/v1"

  public enum Kind: String, Sendable, Codable, CaseIterable { case run, cluster }

  /// What is to be said of the whole, in one word.
  public enum Standing: String, Sendable, Codable, CaseIterable {
    case pass, inconclusive, fail
    /// The latest run began and its process ended before it was done: nothing is known.
    case interrupted
    case running
    /// No run is recorded in this time.
    case unknown

    public init(_ verdict: Verdict) {
      switch verdict {
      case .pass: self = .pass
      case .inconclusive: self = .inconclusive
      case .fail: self = .fail
      }
    }
  }

  public var format: String
  public var kind: Kind
  public var generatedAt: Instant
  public var cluster: String
  /// The beginning of the time that is reported on; nil in a report of one run.
  public var since: Instant?
  public var standing: Standing
  /// The standing as a sentence.
  public var headline: String
  /// The run that is reported on; in a cluster's report its latest one. Nil where there is none.
  public var run: RunFacts?
  /// Overdue ones first, closed ones last; each by severity.
  public var findings: [FindingLine]
  /// What was not examined, could not be looked at, or is not recorded.
  public var gaps: [Gap]
  /// Level by level what established it, or what is missing.
  public var levels: [LevelStep]
  public var restore: RestoreFacts
  public var objectives: [Run.Objective]
  public var coverage: [Run.StageCoverage]
  public var comparisons: [Run.Comparison]
  public var answers: Run.AnswerTally?
  public var latencies: [Run.Latency]
  public var drift: DriftFacts
  public var slots: SlotMap
  /// Restore times and drift run by run, for each drill; the latest last.
  public var trends: [Trend]
  /// Runs of the time (of the same drill, in a report of one run), the latest first, at most ``mostRuns``.
  public var runs: [RunLine]
  public var counts: Counts
  /// What each window between two backups would lose; nil in a report of one run.
  public var cadence: Cadence?
  public var missed: [MissedDrill]
  public var skips: [SkipLine]
  public var notes: [String]

  /// How many runs and points a report names one by one.
  public static let mostRuns = 40

  /// Whether everything is as it should be, so that a reader may turn away: a pass with nothing overdue and no drill missed.
  public var isCalm: Bool { standing == .pass && overdue == 0 && missed.isEmpty }

  public var overdue: Int { findings.count { $0.isOverdue } }
}
