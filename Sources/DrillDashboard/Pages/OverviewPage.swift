import DrillEvidence
import DrillModel

/// All clusters at a glance, those that need eyes first.
struct OverviewPage {
  struct Card {
    let name: String
    let link: String
    let tone: String
    let word: String
    let symbol: String
    let alarmLines: [String]
    let facts: [Fact]
    let drillLines: [DrillLine]
    /// Those that are open.
    let migrations: [MigrationLink]
  }

  struct Fact {
    let term: String
    let value: String
    let tone: String
  }

  struct DrillLine {
    let drillName: String
    let state: String
    let symbol: String
    let tone: String
    let rest: String
    let link: String
  }

  let cards: [Card]
  let hasCards: Bool
  let headline: String

  init(_ question: DashboardQuestion) {
    let summaries = question.memory.summaries(at: question.now).sorted {
      ($0.urgency, $1.cluster) > ($1.urgency, $0.cluster)
    }
    cards = summaries.map { summary in
      Self.card(
        summary, migrations: question.memory.clusters[summary.cluster]?.migrations.filter(\.isOpen) ?? [],
        at: question.now)
    }
    hasCards = !cards.isEmpty
    let calm = summaries.count(where: \.isCalm)
    let overdue = summaries.reduce(0) { $0 + $1.overdueFindings }
    headline =
      "\(Format.plural(summaries.count, "cluster")): \(Format.count(calm)) as they should be, "
      + "\(Format.count(summaries.count - calm)) to look at; \(Format.plural(overdue, "finding")) overdue"
  }

  private static func card(_ summary: ClusterSummary, migrations: [Migration], at now: Instant) -> Card {
    Card(
      name: summary.cluster, link: DashboardPath.cluster(summary.cluster), tone: summary.tone,
      word: summary.standing.rawValue.uppercased(), symbol: summary.standing.symbol, alarmLines: summary.alarms,
      facts: facts(summary, at: now), drillLines: summary.drills.map { line($0, at: now) },
      migrations: migrations.map { MigrationLink($0) })
  }

  private static func facts(_ summary: ClusterSummary, at now: Instant) -> [Fact] {
    let passes = summary.drills.compactMap(\.lastPass)
    let oldest = summary.drills.contains { $0.lastPass == nil } ? nil : passes.min()
    var facts = [
      Fact(
        term: "Last pass", value: oldest.map { "\(age($0, now)) ago" } ?? "a drill never passed",
        tone: oldest == nil ? "unsure" : "")
    ]
    let timed = summary.drills.compactMap { drill in drill.restoreMs.map { (drill, $0) } }
    if let slowest = timed.max(by: { $0.1 < $1.1 }) {
      let target = slowest.0.targetMs
      facts.append(
        Fact(
          term: "Restore",
          value: Format.duration(ms: slowest.1) + (target.map { " of \(Format.duration(ms: $0)) RTO" } ?? ", no RTO"),
          tone: target.map { slowest.1 > $0 ? "bad" : "" } ?? ""))
    } else {
      facts.append(Fact(term: "Restore", value: "not timed", tone: "unsure"))
    }
    facts.append(drift(summary))
    let shares = summary.drills.compactMap(\.successRatio)
    facts.append(
      Fact(
        term: "Passed",
        value: shares.min().map { "\(percent($0)) in \(summary.windowDays) d" } ?? "no run in \(summary.windowDays) d",
        tone: shares.isEmpty ? "unsure" : ""))
    facts.append(
      Fact(
        term: "Findings",
        value: summary.openFindings == 0
          ? "none open"
          : "\(Format.count(summary.openFindings)) open, \(Format.count(summary.overdueFindings)) overdue",
        tone: summary.overdueFindings > 0 ? "bad" : summary.openFindings > 0 ? "unsure" : ""))
    facts.append(
      Fact(
        term: "Debt",
        value: debt(summary), tone: summary.debtBackups > 0 || shares.isEmpty ? "unsure" : ""))
    facts.append(readiness(summary.readiness))
    return facts
  }

  private static func readiness(_ readiness: ClusterReadiness) -> Fact {
    let age =
      readiness.newest.map { ", newest cut \(Format.age(ms: $0.ageSeconds * 1000)) ago at epoch \($0.epoch)" } ?? ""
    return Fact(
      term: "Cutover",
      value: (readiness.isReady ? "nothing missing" : "\(Format.plural(readiness.missing.count, "thing")) missing")
        + age,
      tone: readiness.isReady ? "" : "unsure")
  }

  private static func debt(_ summary: ClusterSummary) -> String {
    if summary.debtBackups > 0 {
      return "\(Format.plural(summary.debtBackups, "backup")), \(Format.bytes(summary.debtBytes)) not read whole"
    }
    return summary.drills.allSatisfy { $0.successRatio == nil } ? "no run in \(summary.windowDays) d" : "none"
  }

  private static func drift(_ summary: ClusterSummary) -> Fact {
    let tallies = summary.drills.flatMap(\.drift)
    guard summary.drills.contains(where: \.wasDriftLookedFor) else {
      return Fact(term: "Drift", value: "not looked for", tone: "unsure")
    }
    func count(_ attribution: Drift.Attribution) -> UInt64 {
      tallies.filter { $0.attribution == attribution }.reduce(0) { $0 + $1.count }
    }
    let (unexplained, ambiguous) = (count(.unexplained), count(.ambiguous))
    let rest = "\(Format.count(count(.explained))) explained"
    if unexplained > 0 {
      return Fact(term: "Drift", value: "\(Format.count(unexplained)) unexplained, \(rest)", tone: "bad")
    }
    if ambiguous > 0 {
      return Fact(term: "Drift", value: "\(Format.count(ambiguous)) ambiguous, \(rest)", tone: "unsure")
    }
    return Fact(term: "Drift", value: rest, tone: "")
  }

  private static func line(_ drill: ClusterSummary.DrillSummary, at now: Instant) -> DrillLine {
    let level = drill.level.map { level in
      drill.requiredLevel.map { level < $0 ? "\(level.rawValue) of \($0.rawValue)" : level.rawValue } ?? level.rawValue
    }
    let parts = [drill.standing == .interrupted ? nil : level, drill.startedAt.map { "\(age($0, now)) ago" }]
    return DrillLine(
      drillName: drill.drill, state: drill.standing == .unknown ? "never ran" : drill.standing.rawValue,
      symbol: drill.standing.symbol, tone: drill.standing.tone, rest: parts.compactMap { $0 }.joined(separator: ", "),
      link: drill.run.map { DashboardPath.run($0) } ?? "")
  }

  private static func age(_ then: Instant, _ now: Instant) -> String {
    Format.age(ms: Double(now.millisecondsSince1970 - then.millisecondsSince1970))
  }

  private static func percent(_ share: Double) -> String { Format.share(UInt64(share * 1e6), of: 1_000_000) }
}
