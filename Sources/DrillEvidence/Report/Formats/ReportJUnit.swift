import DrillModel

/// A report as JUnit XML, so that a build server shows drills as it shows tests.
///
/// A finding is a failure; whatever could not be looked at is an error, never a success: a run that examined nothing has no test case that passes.
public struct ReportJUnit: Sendable {
  public var page: ReportPage

  public init(_ page: ReportPage) { self.page = page }

  private struct Case {
    enum Outcome: Equatable { case passed, failure, error, skipped }
    var name: String
    var outcome: Outcome
    var message = ""
    var text = ""
    var seconds = 0.0
  }

  private struct Suite {
    var name: String
    var at: Instant?
    var cases: [Case]
    func count(_ outcome: Case.Outcome) -> Int { cases.count { $0.outcome == outcome } }
  }

  public func text() -> String {
    let suites = page.kind == .run ? [focus] : [focus] + others + [standing]
    let kept = suites.filter { !$0.cases.isEmpty }
    func total(_ outcome: Case.Outcome) -> Int { kept.reduce(0) { $0 + $1.count(outcome) } }
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    text +=
      "<testsuites name=\(quoted("firedrill " + page.cluster)) tests=\"\(kept.reduce(0) { $0 + $1.cases.count })\" "
      + "failures=\"\(total(.failure))\" errors=\"\(total(.error))\" skipped=\"\(total(.skipped))\">\n"
    for suite in kept { text += markup(suite) }
    return text + "</testsuites>\n"
  }

  // MARK: What the cases are

  private var focus: Suite {
    guard let run = page.run else {
      return Suite(
        name: page.cluster, cases: [Case(name: "a run is recorded", outcome: .error, message: "no run is recorded")])
    }
    var cases = [level(run)] + stages + selfTest(run)
    cases += page.objectives.map { objective in
      let words = ReportWords.objective(objective)
      return Case(
        name: "objective: \(words.goal) \(words.bound)",
        outcome: objective.isMet.map { $0 ? .passed : .failure } ?? .error,
        message: "\(words.measured): \(words.outcome)")
    }
    return Suite(name: run.run, at: run.startedAt, cases: cases)
  }

  /// The run's verdict as a case.
  private func level(_ run: ReportPage.RunFacts) -> Case {
    let required = run.requiredLevel?.rawValue ?? "?"
    let seconds = (page.restore.totalMs ?? 0) / 1000
    let name = "level \(required) is reached, and nothing stood in the way"
    switch run.verdict {
    case .pass?: return Case(name: name, outcome: .passed, seconds: seconds)
    case .fail?: return Case(name: name, outcome: .failure, message: "fail: \(headlineOfRun)", seconds: seconds)
    case .inconclusive?:
      return Case(
        name: name, outcome: .error, message: "inconclusive: \(headlineOfRun)", text: gapText, seconds: seconds)
    case nil: return Case(name: name, outcome: .error, message: run.state.rawValue, text: gapText)
    }
  }

  /// Whether the run's own checks find what is planted; none where it did not come to that.
  private func selfTest(_ run: ReportPage.RunFacts) -> [Case] {
    guard let tally = run.selfTestTally else { return [] }
    let name = "the run's checks find planted faults"
    guard let doubt = run.selfTest?.doubt ?? tally.doubt else {
      return [Case(name: name, outcome: .passed, seconds: (run.selfTest?.elapsedMs ?? 0) / 1000)]
    }
    return [Case(name: name, outcome: .error, message: doubt)]
  }

  private var headlineOfRun: String {
    page.kind == .run ? page.headline : page.levels.compactMap(\.missing).first ?? ""
  }
  private var gapText: String {
    page.gaps.map { "\($0.kind.rawValue): \($0.subject): \($0.reason)" }.joined(separator: "\n")
  }

  private var stages: [Case] {
    Stage.allCases.compactMap { stage in
      let findings = page.findings.filter { $0.stage == stage && $0.isInRun }
      let coverage = page.coverage.filter { $0.stage == stage }
      let comparisons = page.comparisons.filter { $0.stage == stage }
      let obstacles = page.gaps.filter { $0.kind == .obstacle && $0.subject.hasPrefix("stage \(stage.rawValue)") }
      let name = "stage \(stage.rawValue)"
      if !findings.isEmpty {
        let lines = findings.map { line in
          "\(line.code.rawValue): \(line.subject)"
            + (line.expected.map { "; expected \($0); observed \(line.observed ?? "?")" } ?? "") + " → \(line.action)"
        }
        return Case(
          name: name, outcome: .failure,
          message: "\(Format.plural(findings.count, "finding")): "
            + findings.map(\.code.rawValue).uniqued().joined(separator: ", "),
          text: lines.joined(separator: "\n"))
      }
      if !obstacles.isEmpty {
        return Case(
          name: name, outcome: .error, message: "could not look",
          text: obstacles.map { "\($0.subject): \($0.reason)" }.joined(separator: "\n"))
      }
      if coverage.contains(where: { $0.coverage.examined > 0 }) || comparisons.contains(where: \.isEqual) {
        let skipped = coverage.flatMap { part in
          part.coverage.skipped.map { "\(Format.amount($0.value, part.coverage.unit)) skipped: \($0.key.rawValue)" }
        }
        return Case(name: name, outcome: .passed, text: skipped.sorted().joined(separator: "\n"))
      }
      return coverage.isEmpty ? nil : Case(name: name, outcome: .skipped, message: "nothing was examined")
    }
  }

  /// The other runs of the time, by their verdicts.
  private var others: [Suite] {
    page.runs.filter { $0.run != page.run?.run }.map { line in
      let findings = Format.plural(line.findings, "finding")
      let outcome: Case =
        switch line.verdict {
        case .pass?: Case(name: "verdict", outcome: .passed)
        case .fail?: Case(name: "verdict", outcome: .failure, message: "fail: \(findings)")
        case .inconclusive?: Case(name: "verdict", outcome: .error, message: "inconclusive")
        case nil where line.state == .running: Case(name: "verdict", outcome: .skipped, message: "running")
        case nil: Case(name: "verdict", outcome: .error, message: line.state.rawValue)
        }
      return Suite(name: line.run, at: line.startedAt, cases: [outcome])
    }
  }

  /// What concerns the cluster and no single run.
  private var standing: Suite {
    let overdue = page.findings.filter(\.isOverdue).map { line in
      Case(
        name: "not overdue: \(line.code.rawValue) \(line.id ?? "")", outcome: .failure,
        message: ReportWords.status(line, at: page.generatedAt), text: "\(line.subject) → \(line.action)")
    }
    let missed = page.missed.map {
      Case(name: "drill \($0.drill) ran at \(Format.time($0.due))", outcome: .error, message: "missed")
    }
    return Suite(name: "\(page.cluster): deadlines and schedules", cases: overdue + missed)
  }

  // MARK: XML

  private func markup(_ suite: Suite) -> String {
    let time = suite.cases.reduce(0) { $0 + $1.seconds }
    var text =
      "  <testsuite name=\(quoted(suite.name)) tests=\"\(suite.cases.count)\" failures=\"\(suite.count(.failure))\" "
      + "errors=\"\(suite.count(.error))\" skipped=\"\(suite.count(.skipped))\" time=\"\(SVG.number(time))\""
    // Source: JUnit's schema has ISO 8601 without a zone; in UTC here.
    if let at = suite.at { text += " timestamp=\"\(at.description.prefix(19))\"" }
    text += ">\n"
    for one in suite.cases {
      text +=
        "    <testcase classname=\(quoted("firedrill.\(page.cluster)")) name=\(quoted(one.name)) time=\"\(SVG.number(one.seconds))\""
      switch one.outcome {
      case .passed: text += one.text.isEmpty ? "/>\n" : "><system-out>\(lines(one.text))</system-out></testcase>\n"
      case .failure: text += ">\(problem("failure", one))</testcase>\n"
      case .error: text += ">\(problem("error", one))</testcase>\n"
      case .skipped: text += "><skipped message=\(quoted(one.message))/></testcase>\n"
      }
    }
    return text + "  </testsuite>\n"
  }

  private func problem(_ element: String, _ one: Case) -> String {
    "<\(element) message=\(quoted(one.message)) type=\"firedrill\">\(lines(one.text))</\(element)>"
  }

  private func quoted(_ text: String) -> String { "\"\(MarkupText.escaped(text))\"" }

  /// Escaped, with the line breaks kept.
  private func lines(_ text: String) -> String {
    text.split(separator: "\n").map { MarkupText.escaped(String($0)) }.joined(separator: "\n")
  }
}
