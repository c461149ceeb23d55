import DrillEvidence
import DrillModel
import Foundation
import HTTPTypes
import Hummingbird

@testable import DrillDashboard

/// A ledger in a folder of its own with a dashboard over it, asked without a network.
struct DashboardBench {
  let folder: String
  let ledger: Ledger
  var ledgerPath: String { folder + "/ledger.sqlite" }

  static let start = Instant(millisecondsSince1970: 1_767_225_600_000)
  static let now = Instant(millisecondsSince1970: start.millisecondsSince1970 + 5 * 86_400_000)

  static func with<R>(_ body: (DashboardBench) async throws -> R) async throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("drill-dashboard-\(UUID().uuidString)")
      .path
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(DashboardBench(folder: folder, ledger: try Ledger.open(at: folder + "/ledger.sqlite")))
  }

  /// - Parameter day: when it began, in days after ``start``.
  @discardableResult
  func record(
    _ id: String, cluster: String = "shop", drill: String = "nightly", day: Double = 4, restoreMs: Double = 1500,
    _ change: (inout Run) throws -> Void = { _ in }
  ) throws -> Run {
    let at = Instant(millisecondsSince1970: Self.start.millisecondsSince1970 + Int64(day * 86_400_000))
    var run = Run(
      id: id, drill: drill, cluster: cluster, engine: "redis", files: ["nightly.yaml": "drill: nightly\n"], seed: 1,
      startedAt: at, finishedAt: Instant(millisecondsSince1970: at.millisecondsSince1970 + 20_000),
      tool: "firedrill 0.1.0", host: "Linux", requiredLevel: .answers)
    run.levels = Level.allCases.dropFirst().map { Run.LevelReached($0, evidence: "looked at") }
    run.coverage = [
      Run.StageCoverage(.integrity, of: "artifacts", try Coverage(.bytes, declared: 4096, examined: 4096)),
      Run.StageCoverage(
        .fingerprint, of: "records", try Coverage(.records, declared: 100, examined: 98, skipped: [.opaqueModule: 2])),
    ]
    run.backups = [Run.BackupExamined(backup: "backup-of-\(id)", manifest: nil, cut: nil)]
    run.phases = [PhaseTiming(.load, elapsed: .milliseconds(restoreMs))]
    run.objectives = [Run.Objective(.restoreTime, target: 60_000, measured: restoreMs)]
    run.answers = Run.AnswerTally(equal: 50)
    run.latencies = [Run.Latency(side: "sandbox", operations: 50, p50: 60, p99: 200, p999: 800, max: 2000)]
    run.examined = Run.Examined(stages: Stage.allCases, shards: ["s1"], slots: .all, references: ["captured"])
    try change(&run)
    try ledger.append(run)
    return run
  }

  static func finding(_ key: KeyName? = nil, slot: Int = 9) -> Finding {
    Finding(
      .contentDiffers, stage: .compare, subject: .init(shard: "s1", namespace: "0", slot: Slot(slot), key: key),
      expected: "a record", observed: "no such record")
  }

  func responder(_ access: AccessRules = AccessRules(token: nil, isLoopback: true)) async throws -> DashboardResponder {
    let watch = LedgerWatch(try Ledger.open(at: ledgerPath, mode: .readOnly))
    try await watch.begin(at: Self.now)
    return DashboardResponder(watch: watch, access: access, now: { Self.now })
  }
}

extension DashboardResponder {
  func get(
    _ path: String, method: HTTPRequest.Method = .get, authority: String? = "127.0.0.1:8411",
    headers: HTTPFields = HTTPFields()
  ) -> DashboardAnswer {
    answer(
      to: Request(
        head: HTTPRequest(method: method, scheme: "http", authority: authority, path: path, headerFields: headers),
        body: RequestBody(buffer: ByteBuffer())))
  }
}
