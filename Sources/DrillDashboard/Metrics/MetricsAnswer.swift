import DrillEvidence
import DrillModel

/// `/metrics`: base units, one series for each drill of a cluster; what is not known has no series.
enum MetricsAnswer {
  private typealias Sample = PrometheusText.Sample

  static func answer(_ question: DashboardQuestion) -> DashboardAnswer {
    DashboardAnswer(contentType: PrometheusText.contentType, body: text(question))
  }

  static func text(_ question: DashboardQuestion) -> String {
    var out = PrometheusText()
    let summaries = question.memory.summaries(at: question.now)
    let drills = summaries.flatMap { summary in
      summary.drills.map { ([("cluster", summary.cluster), ("drill", $0.drill)], $0) }
    }
    ledger(question, &out)
    outcomes(question, drills, &out)
    restores(question, drills, &out)
    contents(question, drills, &out)
    clusters(question, summaries, &out)
    return out.text
  }

  private typealias Drills = [([(String, String)], ClusterSummary.DrillSummary)]

  private static func seconds(_ instant: Instant) -> Double { Double(instant.millisecondsSince1970) / 1000 }

  private static func ledger(_ question: DashboardQuestion, _ out: inout PrometheusText) {
    let view = question.view
    out.metric(
      "firedrill_ledger_up", .gauge, "Whether the ledger could be read the last time.",
      [Sample(view.problem == nil ? 1 : 0, [])])
    out.metric(
      "firedrill_ledger_leaves", .gauge, "Statements that the ledger holds.", [Sample(Double(view.memory.size), [])])
    out.metric(
      "firedrill_ledger_read_timestamp_seconds", .gauge, "When the ledger was last read without a problem.",
      view.readAt.map { [Sample(seconds($0), [])] } ?? [])
  }

  private static func outcomes(_ question: DashboardQuestion, _ drills: Drills, _ out: inout PrometheusText) {
    let memory = question.memory
    out.metric(
      "firedrill_runs_total", .counter, "Finished runs by verdict, in the whole ledger.",
      drills.flatMap { labels, drill in
        Verdict.allCases.map { verdict in
          let count = memory.clusters[labels[0].1]?.drills[drill.drill]?.counts[verdict] ?? 0
          return Sample(Double(count), labels + [("verdict", verdict.rawValue)])
        }
      })
    let interrupted = Dictionary(
      grouping: memory.interruptedRuns, by: { [$0.body.cluster, $0.body.drill] }
    ).mapValues(\.count)
    out.metric(
      "firedrill_interrupted_runs_total", .counter, "Runs that began and whose process ended before they were done.",
      drills.map { labels, _ in Sample(Double(interrupted[labels.map(\.1)] ?? 0), labels) })
    let states: [ReportPage.Standing] = [.pass, .inconclusive, .fail, .interrupted]
    out.metric(
      "firedrill_last_run_verdict", .gauge, "1 for the outcome of the drill's last run, 0 for the others.",
      drills.flatMap { labels, drill in
        states.map { Sample(drill.standing == $0 ? 1 : 0, labels + [("verdict", $0.rawValue)]) }
      })
    out.metric(
      "firedrill_last_run_level", .gauge,
      "Level that the last finished run reached: 0 none, 1 bytes, 2 decoded, 3 restored, 4 content, 5 answers.",
      drills.compactMap { labels, drill in drill.level.map { Sample(rank($0), labels) } })
    out.metric(
      "firedrill_required_level", .gauge, "Level that the drill requires, numbered as firedrill_last_run_level.",
      drills.compactMap { labels, drill in drill.requiredLevel.map { Sample(rank($0), labels) } })
    out.metric(
      "firedrill_last_run_timestamp_seconds", .gauge, "When the drill's last run began.",
      drills.compactMap { labels, drill in drill.startedAt.map { Sample(seconds($0), labels) } })
    out.metric(
      "firedrill_last_pass_timestamp_seconds", .gauge,
      "When the drill's last run that passed began; absent where none ever did.",
      drills.compactMap { labels, drill in drill.lastPass.map { Sample(seconds($0), labels) } })
    out.metric(
      "firedrill_last_pass_age_seconds", .gauge,
      "Seconds since the drill's last pass began; absent where none ever did.",
      drills.compactMap { labels, drill in drill.lastPassAgeSeconds.map { Sample($0, labels) } })
    out.metric(
      "firedrill_success_ratio", .gauge,
      "Share of the finished runs of the last \(ClusterSummary.windowDays) days that passed; absent where none finished.",
      drills.compactMap { labels, drill in drill.successRatio.map { Sample($0, labels) } })
  }

  private static func rank(_ level: Level) -> Double { Double(Level.allCases.firstIndex(of: level) ?? 0) }

  private static func restores(_ question: DashboardQuestion, _ drills: Drills, _ out: inout PrometheusText) {
    out.metric(
      "firedrill_restore_duration_seconds", .histogram,
      "Time from locating a backup to the first correct answer, of every restore in the ledger.",
      drills.flatMap { labels, drill -> [Sample] in
        guard let known = question.memory.clusters[labels[0].1]?.drills[drill.drill], known.restores > 0 else {
          return []
        }
        var below = 0
        var samples = zip(DrillMemory.bounds, known.restoreCounts).map { bound, count in
          below += count
          return Sample(Double(below), labels + [("le", PrometheusText.number(bound))], suffix: "_bucket")
        }
        samples.append(Sample(Double(known.restores), labels + [("le", "+Inf")], suffix: "_bucket"))
        samples.append(Sample(known.restoreSum, labels, suffix: "_sum"))
        samples.append(Sample(Double(known.restores), labels, suffix: "_count"))
        return samples
      })
    out.metric(
      "firedrill_last_restore_duration_seconds", .gauge, "Restore time of the drill's last finished run.",
      drills.compactMap { labels, drill in drill.restoreMs.map { Sample($0 / 1000, labels) } })
    out.metric(
      "firedrill_restore_objective_seconds", .gauge, "Recovery time objective of the drill's last finished run.",
      drills.compactMap { labels, drill in drill.targetMs.map { Sample($0 / 1000, labels) } })
    out.metric(
      "firedrill_operation_latency_seconds", .gauge,
      "Latency of operations in the last finished run, by side and percentile.",
      latest(question, drills).flatMap { labels, run in
        (run.latencies ?? []).flatMap { side in
          [
            ("50", side.latencyP50Us), ("99", side.latencyP99Us), ("99.9", side.latencyP999Us),
            ("100", side.latencyMaxUs),
          ].map {
            Sample($0.1 / 1e6, labels + [("side", side.side), ("percentile", $0.0)])
          }
        }
      })
  }

  private static func latest(_ question: DashboardQuestion, _ drills: Drills) -> [([(String, String)], RunFinished)] {
    drills.compactMap { labels, drill in
      question.memory.clusters[labels[0].1]?.latest(of: drill.drill).map { (labels, $0) }
    }
  }

  private static func contents(_ question: DashboardQuestion, _ drills: Drills, _ out: inout PrometheusText) {
    out.metric(
      "firedrill_drift_records", .gauge,
      "Differences between the restored copy and a later state in the last finished run; absent where drift was not looked for.",
      drills.filter { $0.1.wasDriftLookedFor }.flatMap { labels, drill in
        Drift.Attribution.allCases.map { attribution in
          let count = drill.drift.filter { $0.attribution == attribution }.reduce(0) { $0 + $1.count }
          return Sample(Double(count), labels + [("attribution", attribution.rawValue)])
        }
      })
    out.metric(
      "firedrill_coverage_ratio", .gauge,
      "Share examined of what was declared in the last finished run, by stage and unit.",
      latest(question, drills).flatMap { labels, run -> [Sample] in
        let parts = Dictionary(grouping: run.coverage) { [$0.stage.rawValue, $0.coverage.unit.rawValue] }
        return parts.sorted { $0.key.joined(separator: " ") < $1.key.joined(separator: " ") }.compactMap { key, parts in
          let declared = parts.reduce(0) { $0 + Double($1.coverage.declared) }
          guard declared > 0 else { return nil }
          let examined = parts.reduce(0) { $0 + Double($1.coverage.examined) }
          return Sample(examined / declared, labels + [("stage", key[0]), ("unit", key[1])])
        }
      })
    out.metric(
      "firedrill_answers", .gauge, "Answers of the restored copy in the last finished run, by outcome.",
      latest(question, drills).flatMap { labels, run -> [Sample] in
        guard let answers = run.answers else { return [] }
        return [("equal", answers.equal), ("different", answers.different), ("indeterminate", answers.indeterminate)]
          .map {
            Sample(Double($0.1), labels + [("outcome", $0.0)])
          }
      })
    out.metric(
      "firedrill_self_test_faults", .gauge,
      "Faults that the last finished run planted in copies, by whether its checks found them.",
      latest(question, drills).flatMap { labels, run -> [Sample] in
        guard let test = run.selfTest else { return [] }
        return [
          ("found", test.caught), ("missed", test.planted - test.caught),
          ("unplanted", max(0, test.asked - test.planted)),
        ]
        .map { Sample(Double($0.1), labels + [("outcome", $0.0)]) }
      })
    out.metric(
      "firedrill_missed_drills_total", .counter, "Due times by the declared schedules at which the drill did not run.",
      drills.map { labels, drill in
        let missed = question.memory.clusters[labels[0].1]?.missed ?? []
        return Sample(Double(missed.count { $0.drill == drill.drill }), labels)
      })
    out.metric(
      "firedrill_missed_drills_since_last_run", .gauge, "Due times missed since the drill last began.",
      drills.map { labels, drill in Sample(Double(drill.missedSinceLastRun), labels) })
  }

  private static func clusters(
    _ question: DashboardQuestion, _ summaries: [ClusterSummary], _ out: inout PrometheusText
  ) {
    let memory = question.memory
    let open = summaries.map { ($0.cluster, memory.openFindings(of: $0.cluster, at: question.now)) }
    func findings(_ isCounted: (FollowedFinding) -> Bool) -> [Sample] {
      open.flatMap { cluster, findings in
        Severity.allCases.map { severity in
          Sample(
            Double(findings.count { $0.severity == severity && isCounted($0) }),
            [("cluster", cluster), ("severity", severity.rawValue)])
        }
      }
    }
    out.metric(
      "firedrill_open_findings", .gauge, "Findings that no run has resolved and nobody has withdrawn.",
      findings { _ in true })
    out.metric(
      "firedrill_overdue_findings", .gauge, "Open findings past their deadline.",
      findings { $0.isOverdue(at: question.now) })
    out.metric(
      "firedrill_verification_debt_backups", .gauge,
      "Backups that runs of the last \(ClusterSummary.windowDays) days named and of which no run has read every byte and found it as sealed.",
      summaries.map { Sample(Double($0.debtBackups), [("cluster", $0.cluster)]) })
    out.metric(
      "firedrill_verification_debt_bytes", .gauge,
      "Stored bytes of those backups, as far as their manifests state them.",
      summaries.map { Sample(Double($0.debtBytes), [("cluster", $0.cluster)]) })
    readiness(summaries, &out)
    out.metric(
      "firedrill_last_full_read_timestamp_seconds", .gauge,
      "When every byte of some backup was last read and found as sealed; absent where that never was.",
      summaries.compactMap { summary in
        memory.clusters[summary.cluster]?.latestFullRead.map { Sample(seconds($0), [("cluster", summary.cluster)]) }
      })
  }

  private static func readiness(_ summaries: [ClusterSummary], _ out: inout PrometheusText) {
    func metric(_ name: String, _ help: String, _ value: (ClusterReadiness) -> Double?) {
      out.metric(
        name, .gauge, help,
        summaries.compactMap { summary in
          value(summary.readiness).map { Sample($0, [("cluster", summary.cluster)]) }
        })
    }
    metric(
      "firedrill_cutover_ready", "1 where nothing that is recorded is missing before a cutover, else 0.",
      { $0.isReady ? 1 : 0 })
    metric(
      "firedrill_cutover_missing", "How many things are missing before a cutover (the cluster's page names them).",
      { Double($0.missing.count) })
    metric(
      "firedrill_newest_backup_age_seconds",
      "Seconds since the newest cut that a run looked at; absent where none did.",
      { $0.newest?.ageSeconds })
    metric(
      "firedrill_newest_backup_epoch", "Epoch of that backup's topology.", { ($0.newest?.epoch).map { Double($0) } })
    metric(
      "firedrill_topology_epoch", "Epoch of the newest topology seen; absent where none was.",
      { ($0.present?.epoch).map { Double($0) } })
    metric(
      "firedrill_slots_moving", "Slots that were moving in the newest topology seen.",
      { ($0.present?.movesInFlight).map { Double($0) } })
    metric(
      "firedrill_slots_not_restored",
      "Slots of that topology that the newest backup's last run did not restore and read back; absent where that is not known.",
      { ($0.slotsMissing?.count).map { Double($0) } })
  }
}
