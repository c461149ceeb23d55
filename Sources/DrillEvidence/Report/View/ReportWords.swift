import DrillModel

/// The sentences of a report that more than one format says.
struct ReportWords {
  let page: ReportPage

  init(_ page: ReportPage) { self.page = page }

  var kicker: String {
    switch page.kind {
    case .run: "Drill report · cluster \(page.cluster)"
    case .cluster: "Cluster report · \(page.since.map { "since \(Format.time($0))" } ?? "")"
    }
  }

  var subject: String {
    switch page.kind {
    case .run: page.run?.run ?? page.cluster
    case .cluster: page.cluster
    }
  }

  var standing: String { page.standing.rawValue.uppercased() }

  var symbol: String { ReportWords.symbol(page.standing) }
  var tone: String { page.isCalm ? "good" : page.standing == .fail || page.overdue > 0 ? "bad" : "unsure" }

  static func symbol(_ standing: ReportPage.Standing) -> String {
    switch standing {
    case .pass: "✓"
    case .fail: "✕"
    case .inconclusive, .interrupted, .unknown: "?"
    case .running: "…"
    }
  }

  static func tone(_ standing: ReportPage.Standing) -> String {
    switch standing {
    case .pass: "good"
    case .fail: "bad"
    case .inconclusive, .interrupted, .unknown, .running: "unsure"
    }
  }

  /// What stands first, whatever the verdict.
  var alarms: [String] {
    var alarms: [String] = []
    if page.overdue > 0 {
      alarms.append(
        "\(Format.plural(page.overdue, "finding is", "findings are")) overdue: past the deadline and not resolved")
    }
    if !page.missed.isEmpty {
      alarms.append("\(Format.plural(page.missed.count, "drill")) should have run in this time and did not")
    }
    if page.counts.interrupted > 0, page.kind == .cluster {
      alarms.append("\(Format.plural(page.counts.interrupted, "run")) began in this time and never finished")
    }
    return alarms
  }

  var noFindings: String {
    guard let run = page.run else { return "No run, no findings: this says nothing about the data." }
    if run.state != .finished { return "The run did not finish: that it names no findings says nothing." }
    if page.coverage.allSatisfy({ $0.coverage.examined == 0 }) {
      return "None, and nothing was examined: this says nothing about the data."
    }
    return "None in what was examined."
  }

  var drift: String {
    switch page.drift.wasLookedFor {
    case nil: "Whether drift was looked for is not recorded."
    case false?: "Drift was not looked for."
    case true?:
      page.drift.total == 0
        ? "The restored copy was compared with a later state of production: no difference."
        : "\(Format.plural(page.drift.total, "difference")) between the restored copy and a later state of production."
    }
  }

  var answers: String {
    guard let answers = page.answers else { return "No operation was put to both sides." }
    return "\(Format.count(answers.equal)) answers equal, \(Format.count(answers.different)) different, "
      + "\(Format.count(answers.indeterminate)) without an answer in time."
  }

  var counts: String {
    let counts = page.counts
    var parts = [
      "\(Format.count(counts.pass)) passed", "\(Format.count(counts.inconclusive)) inconclusive",
      "\(Format.count(counts.fail)) failed", "\(Format.count(counts.interrupted)) interrupted",
    ]
    if counts.running > 0 { parts.append("\(Format.count(counts.running)) running") }
    if page.kind == .cluster {
      parts.append("\(Format.count(counts.missed)) missed")
      if counts.skipped > 0 { parts.append("\(Format.count(counts.skipped)) skipped on a recent run") }
    }
    let all = counts.finished + counts.interrupted + counts.running
    let rest = all - page.runs.count
    return parts.joined(separator: ", ")
      + (rest > 0 ? "; the latest \(page.runs.count) of \(Format.count(all)) are listed" : "")
  }

  /// In a cluster's report: which run the parts about one run are about.
  var focus: String {
    guard page.kind == .cluster else { return "" }
    return page.run.map { "The latest run, \($0.run) of \(Format.time($0.startedAt))" } ?? "There is no run to show."
  }

  static func objective(_ objective: Run.Objective) -> (goal: String, bound: String, measured: String, outcome: String)
  {
    let text: (Double) -> String =
      switch objective.kind {
      case .restoreTime, .recoveryPoint: { Format.duration(ms: $0) }
      case .drift, .mismatches: { Format.count(Int64($0)) }
      case .coverage: { Format.share(UInt64(min(max($0, 0), 1) * 1e6), of: 1_000_000) }
      }
    let goal =
      switch objective.kind {
      case .restoreTime: "restore time (RTO)"
      case .recoveryPoint: "time between verified cuts (RPO)"
      case .drift: "drift, differences"
      case .mismatches: "differing answers"
      case .coverage: "share examined"
      }
    return (
      goal, "\(objective.kind == .coverage ? "at least" : "at most") \(text(objective.target))",
      objective.measured.map(text) ?? "not measured",
      objective.isMet.map { $0 ? "met" : "missed" } ?? "not measured"
    )
  }

  /// Whom to ask about findings, each answer once.
  static func owners(_ lines: [ReportPage.FindingLine]) -> String {
    let words = lines.compactMap { line in
      line.owner.map { owner in
        "owner \(owner)"
          + (line.escalation.isEmpty ? "" : ", then call \(line.escalation.joined(separator: ", then "))")
      }
    }.uniqued()
    return words.isEmpty ? "the drill names no owner" : words.prefix(3).joined(separator: "; ")
  }

  /// One line on where a finding stands.
  static func status(_ line: ReportPage.FindingLine, at now: Instant) -> String {
    var parts: [String] = []
    if let state = line.state { parts.append(state.rawValue) }
    if let opened = line.openedAt { parts.append("since \(Format.time(opened))") }
    if line.seen > 1 { parts.append("seen by \(Format.plural(line.seen, "run"))") }
    if line.reopened > 0 { parts.append("came back \(Format.plural(line.reopened, "time"))") }
    if let deadline = line.deadline {
      let late = Double(now.millisecondsSince1970 - deadline.millisecondsSince1970)
      parts.append(
        line.isOverdue
          ? "OVERDUE by \(Format.duration(ms: late))"
          : line.state == .open || line.state == .acknowledged ? "due \(Format.time(deadline))" : "")
    }
    return parts.filter { !$0.isEmpty }.joined(separator: " · ")
  }
}
