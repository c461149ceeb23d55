import DrillModel
import Testing

/// What a run has to have concluded: verdict, exact finding codes, and the first stage that failed.
func expect(
  _ run: Run, _ verdict: Verdict, _ codes: Set<FindingCode> = [], at stage: Stage? = nil,
  obstacles: Set<DrillError.Code> = [],
  _ comment: String = "", location: SourceLocation = #_sourceLocation
) {
  let comment = Comment(rawValue: "\(comment) \(run.summary)")
  #expect(run.verdict == verdict, comment, sourceLocation: location)
  #expect(Set(run.findings.map(\.code)) == codes, comment, sourceLocation: location)
  #expect(run.firstFailingStage == stage, comment, sourceLocation: location)
  #expect(Set(run.obstacles.map(\.code)) == obstacles, comment, sourceLocation: location)
}

/// What a drill without a fault has to conclude at `level`: the neighbour of every fault.
func expectClean(
  _ run: Run, at level: Level = .answers, _ comment: String = "", location: SourceLocation = #_sourceLocation
) {
  expect(run, .pass, [], comment, location: location)
  #expect(run.level >= level, Comment(rawValue: "\(comment) \(run.summary)"), sourceLocation: location)
}

extension Run {
  func findings(_ code: FindingCode) -> [Finding] { findings.filter { $0.code == code } }

  /// For a failed expectation.
  fileprivate var summary: String {
    let found = findings.prefix(5).map {
      "\($0.stage.rawValue) \($0.code.rawValue) [\($0.subject)] \($0.expected) / \($0.observed)"
    }
    let stopped = obstacles.prefix(5).map { "\($0.stage.rawValue) \($0.code.rawValue) [\($0.subject)] \($0.detail)" }
    return
      "\(verdict.rawValue) at \(level.rawValue), seed \(seed): \((found + stopped + notes).joined(separator: "; "))"
  }
}
