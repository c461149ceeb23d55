public import DrillModel

/// Something that a decision says nothing about.
public struct NotExamined: Hashable, Sendable, Codable {
  public var cluster: String
  public var what: String
  public var why: String
  /// The run that left it out; nil where none looked.
  public var run: String?
  /// How much, where it was counted.
  public var amount: UInt64?
  public var unit: Coverage.Unit?

  init(
    cluster: String, what: String, why: String, run: String? = nil, amount: UInt64? = nil, unit: Coverage.Unit? = nil
  ) {
    self.cluster = cluster
    self.what = what
    self.why = why
    self.run = run
    self.amount = amount
    self.unit = unit
  }

  /// What the run that decides left out, and what nobody looked at.
  static func list(
    _ facts: ClusterFacts, running: Set<String>, started: [Recorded<RunStarted>]
  ) -> [NotExamined] {
    let cluster = facts.cluster
    var list: [NotExamined] = []
    if facts.topologies.isEmpty {
      list.append(NotExamined(cluster: cluster, what: "the topology", why: "none is recorded"))
    }
    for run in started where run.body.cluster == cluster && running.contains(run.body.run) {
      list.append(NotExamined(cluster: cluster, what: "what it finds", why: "the run goes on", run: run.body.run))
    }
    guard let deciding = facts.deciding?.body else {
      return [NotExamined(cluster: cluster, what: "the whole cluster", why: facts.nothingRan)] + list
    }
    list += left(by: deciding)
    if let catalog = facts.catalog {
      let debt = VerificationDebt(of: catalog.backups.filter { $0.cluster == cluster }, runs: facts.allRuns)
      for entry in debt.entries where entry.state == .never || entry.state == .exchanged {
        list.append(
          NotExamined(
            cluster: cluster, what: "backup \(entry.backup.backup)", why: "no run read it", amount: entry.backup.bytes,
            unit: .bytes))
      }
    } else {
      list.append(NotExamined(cluster: cluster, what: "other backups", why: "no catalog was named"))
    }
    return list
  }

  private static func left(by run: RunFinished) -> [NotExamined] {
    var list: [NotExamined] = []
    for part in run.coverage {
      for (reason, amount) in part.coverage.skipped.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        list.append(
          NotExamined(
            cluster: run.cluster, what: "\(part.of) (\(part.stage.rawValue))", why: reason.rawValue, run: run.run,
            amount: amount, unit: part.coverage.unit))
      }
    }
    guard let examined = run.examined else {
      list.append(
        NotExamined(
          cluster: run.cluster, what: "stages and shards",
          why: "the run does not record which of them it looked at to their end", run: run.run))
      return list
    }
    // A drill ends with its objectives and begins at its catalog: neither examines a backup.
    for stage in Stage.allCases where stage != .catalog && !examined.stages.contains(stage) {
      list.append(
        NotExamined(
          cluster: run.cluster, what: "stage \(stage.rawValue)", why: "it did not run to its end", run: run.run))
    }
    for stage in Stage.allCases where examined.stages.contains(stage) && run.hasLookedAtNothing(in: stage) {
      list.append(
        NotExamined(
          cluster: run.cluster, what: "stage \(stage.rawValue)", why: "it had nothing to look at", run: run.run))
    }
    for backup in run.backups {
      let left = (backup.stated?.shards ?? []).filter { !examined.shards.contains($0) }
      if !left.isEmpty {
        list.append(
          NotExamined(
            cluster: run.cluster, what: "shards \(GateWords.list(left)) of \(backup.backup)", why: "not restored",
            run: run.run))
      }
    }
    return list
  }
}
