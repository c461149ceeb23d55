import DrillEvidence
import DrillModel
import Testing

@testable import DrillDashboard

@Suite("Metrics")
struct MetricsTests {
  private func scan(_ bench: DashboardBench) async throws -> ExpositionScan {
    try ExpositionScan(try await bench.responder().get("/metrics").body)
  }

  @Test("say what the ledger says, in base units")
  func values() async throws {
    try await DashboardBench.with { bench in
      try bench.ledger.append(
        ScheduleDeclared(drill: "nightly", cluster: "shop", calendar: "daily", grace: 3600), at: DashboardBench.start)
      try bench.record("a", day: 1, restoreMs: 1500)
      try bench.record("b", day: 2, restoreMs: 90_000) {
        $0.findings = [DashboardBench.finding(), DashboardBench.finding(slot: 10)]
        $0.levels = Array($0.levels.prefix(3))
        $0.drift = [
          .init(kind: .changed, attribution: .explained, cause: .changedAfterCut, count: 30),
          .init(kind: .added, attribution: .explained, cause: .versionAfterCut, count: 12),
          .init(kind: .changed, attribution: .unexplained, cause: .notInChangeLog, count: 1),
        ]
        $0.answers = Run.AnswerTally(equal: 40, different: 3, indeterminate: 1)
        $0.governance = Governance(owner: "o", deadlines: [.critical: 60])
      }
      let metrics = try await scan(bench)
      let own = ["cluster": "shop", "drill": "nightly"]
      func value(_ name: String, _ more: [String: String] = [:], of labels: [String: String]? = nil) -> Double? {
        metrics.values[.init(name: name, labels: (labels ?? own).merging(more) { $1 })]
      }
      #expect(value("firedrill_runs_total", ["verdict": "pass"]) == 1)
      #expect(value("firedrill_runs_total", ["verdict": "fail"]) == 1)
      #expect(value("firedrill_last_run_verdict", ["verdict": "fail"]) == 1)
      #expect(value("firedrill_last_run_verdict", ["verdict": "pass"]) == 0)
      #expect(value("firedrill_last_run_level") == 3 && value("firedrill_required_level") == 5)
      #expect(value("firedrill_restore_duration_seconds_bucket", ["le": "1"]) == 0)
      #expect(value("firedrill_restore_duration_seconds_bucket", ["le": "2.5"]) == 1)
      #expect(value("firedrill_restore_duration_seconds_bucket", ["le": "60"]) == 1)
      #expect(value("firedrill_restore_duration_seconds_bucket", ["le": "120"]) == 2)
      #expect(value("firedrill_restore_duration_seconds_bucket", ["le": "+Inf"]) == 2)
      #expect(value("firedrill_restore_duration_seconds_sum") == 91.5)
      #expect(value("firedrill_restore_duration_seconds_count") == 2)
      #expect(
        value("firedrill_last_restore_duration_seconds") == 90 && value("firedrill_restore_objective_seconds") == 60)
      #expect(value("firedrill_success_ratio") == 0.5)
      #expect(value("firedrill_drift_records", ["attribution": "explained"]) == 42)
      #expect(value("firedrill_drift_records", ["attribution": "unexplained"]) == 1)
      #expect(value("firedrill_coverage_ratio", ["stage": "fingerprint", "unit": "records"]) == 0.98)
      #expect(value("firedrill_answers", ["outcome": "different"]) == 3)
      #expect(value("firedrill_operation_latency_seconds", ["side": "sandbox", "percentile": "99"]) == 0.0002)
      let day = 86_400.0
      let start = Double(DashboardBench.start.millisecondsSince1970) / 1000
      #expect(value("firedrill_last_pass_timestamp_seconds") == start + day)
      #expect(value("firedrill_last_pass_age_seconds") == 4 * day)
      let cluster = ["cluster": "shop"]
      #expect(value("firedrill_open_findings", ["severity": "critical"], of: cluster) == 2)
      #expect(value("firedrill_overdue_findings", ["severity": "critical"], of: cluster) == 2)
      #expect(value("firedrill_overdue_findings", ["severity": "high"], of: cluster) == 0)
      #expect(value("firedrill_verification_debt_backups", of: cluster) == 0)
      let missed = try bench.ledger.history().missedDrills(at: DashboardBench.now)
      #expect(value("firedrill_missed_drills_total") == Double(missed.count) && missed.count >= 2)
      #expect(
        value("firedrill_missed_drills_since_last_run")
          == Double(
            missed.count { $0.due.millisecondsSince1970 > DashboardBench.start.millisecondsSince1970 + 2 * 86_400_000 })
      )
      #expect(
        value("firedrill_cutover_ready", of: cluster) == 0 && value("firedrill_cutover_missing", of: cluster) == 2)
      #expect(value("firedrill_newest_backup_age_seconds", of: cluster) == nil)
      #expect(metrics.types["firedrill_restore_duration_seconds"] == "histogram")
      for (name, type) in metrics.types { #expect(name.hasSuffix("_total") == (type == "counter"), "\(name)") }
      #expect(metrics.types.keys.allSatisfy { !$0.hasSuffix("_ms") && !$0.hasSuffix("_milliseconds") })
    }
  }

  @Test("what is not known has no series: no pass, no restore, no drift, no size")
  func unknown() async throws {
    try await DashboardBench.with { bench in
      #expect(try await scan(bench).values.keys.allSatisfy { $0.labels.isEmpty })
      try bench.record("a") {
        $0.levels = []
        $0.phases = []
        $0.coverage = []
        $0.objectives = []
      }
      let metrics = try await scan(bench)
      let names = Set(metrics.values.keys.map(\.name))
      for absent in [
        "last_pass_timestamp_seconds", "last_pass_age_seconds", "last_restore_duration_seconds", "drift_records",
        "restore_duration_seconds_count", "restore_objective_seconds", "coverage_ratio",
      ] {
        #expect(!names.contains("firedrill_" + absent), "\(absent)")
      }
      #expect(
        metrics.values[
          .init(
            name: "firedrill_last_run_verdict",
            labels: ["cluster": "shop", "drill": "nightly", "verdict": "inconclusive"])] == 1)
      #expect(metrics.values[.init(name: "firedrill_verification_debt_backups", labels: ["cluster": "shop"])] == 1)
    }
  }

  @Test(
    "labels hold any name",
    arguments: ["a\"b\\c\nd", "{x=\"y\"}", "<script>alert(1)</script>", "é\u{301}\"\u{301}", ""])
  func labels(name: String) async throws {
    try await DashboardBench.with { bench in
      try bench.record("a", cluster: name, drill: name)
      let metrics = try await scan(bench)
      #expect(metrics.values[.init(name: "firedrill_last_run_level", labels: ["cluster": name, "drill": name])] == 5)
    }
  }
}
