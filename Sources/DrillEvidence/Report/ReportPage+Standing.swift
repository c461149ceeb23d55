import DrillModel

extension ReportPage {
  static func standing(of entry: RunEntry, _ source: RunSource) -> Standing {
    guard let verdict = source.verdict else { return entry.state == .running ? .running : .interrupted }
    return Standing(verdict)
  }

  /// The worst of every drill's latest run; a run that is under way says nothing yet.
  package static func standing(runs: [Recorded<RunFinished>], unfinished: [RunLine]) -> Standing {
    var latest: [String: (at: Instant, standing: Standing)] = [:]
    func see(_ drill: String, _ at: Instant, _ standing: Standing) {
      if let known = latest[drill], known.at > at { return }
      latest[drill] = (at, standing)
    }
    for run in runs { see(run.body.drill, run.body.startedAt, Standing(run.body.verdict)) }
    for run in unfinished where run.state == .interrupted { see(run.drill, run.startedAt, .interrupted) }
    guard let worst = latest.values.map(\.standing).max(by: { $0.rank < $1.rank }) else {
      return unfinished.isEmpty ? .unknown : .running
    }
    return worst
  }

  static func headline(_ standing: Standing, _ source: RunSource) -> String {
    switch standing {
    case .pass:
      return "level \((source.level ?? .none).rawValue): \((source.level ?? .none).claim(for: source.backups))"
    case .inconclusive:
      return source.selfTest?.isSound ?? true
        ? "nothing wrong was seen, but too little was looked at to say that all is well"
        : "nothing wrong was seen, but its own checks did not find all that was planted for them"
    case .fail:
      let stage = source.run?.firstFailingStage ?? source.entry.outcome?.firstFailingStage
      return stage == .objectives
        ? "no wrong data, but an objective was missed"
        : "something is wrong, first seen at stage \(stage?.rawValue ?? "?"): this is real"
    case .interrupted: return "it began and its process ended before it was done; it says nothing about the data"
    case .running: return "it is still running"
    case .unknown: return "no run is recorded"
    }
  }

  static func headline(cluster standing: Standing, _ page: ReportPage) -> String {
    let drills = page.trends.count == 1 ? "the latest run" : "the latest run of every drill"
    var sentence =
      switch standing {
      case .pass: "\(drills) passed"
      case .inconclusive: "of the latest runs one or more looked at too little"
      case .fail: "of the latest runs one or more found something wrong"
      case .interrupted: "a latest run was cut off; it says nothing about the data"
      case .running: "a run is under way, and none has finished in this time"
      case .unknown: "no run is recorded in this time: nothing is known"
      }
    if page.overdue > 0 { sentence += "; \(Format.plural(page.overdue, "finding")) overdue" }
    if !page.missed.isEmpty { sentence += "; \(Format.plural(page.missed.count, "drill")) missed" }
    return sentence
  }
}

extension ReportPage.Standing {
  /// Worse ones have higher ranks.
  var rank: Int {
    switch self {
    case .pass: 0
    case .running: 1
    case .unknown: 2
    case .inconclusive: 3
    case .interrupted: 4
    case .fail: 5
    }
  }
}
