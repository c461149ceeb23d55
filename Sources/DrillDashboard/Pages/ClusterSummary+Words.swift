import DrillEvidence
import DrillModel

extension ClusterSummary {
  var tone: String {
    isCalm ? "good" : standing == .fail || overdueFindings > 0 ? "bad" : "unsure"
  }

  /// What to look at first has the highest.
  var urgency: Int {
    (overdueFindings > 0 ? 4 : 0) + (standing == .fail ? 3 : isCalm ? 0 : standing == .pass ? 1 : 2)
  }

  var alarms: [String] {
    var alarms: [String] = []
    if overdueFindings > 0 { alarms.append("\(Format.plural(overdueFindings, "finding")) overdue") }
    let missed = drills.reduce(0) { $0 + $1.missedSinceLastRun }
    if missed > 0 { alarms.append("\(Format.plural(missed, "drill")) missed since the last run") }
    return alarms
  }
}

extension ReportPage.Standing {
  var symbol: String {
    switch self {
    case .pass: "✓"
    case .fail: "✕"
    case .inconclusive, .interrupted, .unknown: "?"
    case .running: "…"
    }
  }

  var tone: String {
    switch self {
    case .pass: "good"
    case .fail: "bad"
    case .inconclusive, .interrupted, .unknown, .running: "unsure"
    }
  }
}

extension Format {
  /// `3 d`, `5 h`, `12 min`: how long ago something was, in its largest unit.
  static func age(ms: Double) -> String {
    let minutes = Int(max(ms, 0) / 60_000)
    if minutes < 1 { return "less than a minute" }
    if minutes < 60 { return "\(minutes) min" }
    if minutes < 48 * 60 { return "\(minutes / 60) h" }
    return "\(minutes / 1440) d"
  }
}
