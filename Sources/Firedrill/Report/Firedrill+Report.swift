public import DrillEvidence
public import DrillModel
import Foundation

extension Firedrill {
  /// What the ledger holds of one run, as a report.
  ///
  /// - Parameter run: its id, a beginning of it that only one run has, or `latest`.
  /// - Throws: `DrillError`: `no-such-run`, `ledger-damaged`, `io`.
  public static func report(run: String, ledger path: String, at now: Instant = .now) throws -> ReportPage {
    let ledger = try Ledger.open(at: path, mode: .readOnly)
    let recorded = try ledger.run(run)
    return ReportPage(recorded, history: try ledger.history(of: recorded.entry.cluster), at: now)
  }

  /// What the ledger holds of a cluster since a time, as a report.
  ///
  /// - Throws: `DrillError`: `usage` where the ledger knows no such cluster; `ledger-damaged`, `io`.
  public static func report(
    cluster: String, since: Instant, ledger path: String, at now: Instant = .now
  ) throws -> ReportPage {
    let ledger = try Ledger.open(at: path, mode: .readOnly)
    let history = try ledger.history(of: cluster)
    guard history.clusters.contains(cluster) else {
      let known = try ledger.history().clusters
      throw DrillError(
        .usage, subject: cluster,
        detail: known.isEmpty
          ? "the ledger holds no run yet"
          : "the ledger knows no such cluster; it knows \(known.joined(separator: ", "))")
    }
    let latest = try ledger.runs(limit: 1, cluster: cluster).first.flatMap { entry in
      entry.startedAt >= since ? try ledger.run(entry.run) : nil
    }
    return ReportPage(cluster: cluster, since: since, history: history, latest: latest, at: now)
  }

  /// The report of a run that has just ended; of what the ledger knows beside it only where it was recorded.
  public static func report(_ outcome: DrillOutcome, ledger path: String, at now: Instant = .now) throws -> ReportPage {
    if outcome.recordingProblem == nil { return try report(run: outcome.run.id, ledger: path, at: now) }
    let run = outcome.run
    let entry = RunEntry(
      run: run.id, drill: run.drill, cluster: run.cluster, seed: run.seed, state: .finished, startedAt: run.startedAt)
    return ReportPage(RecordedRun(entry: entry, run: run, files: run.files), history: History(), at: now)
  }

  /// Writes a text whole or not at all.
  ///
  /// - Throws: `DrillError` with `io`.
  public static func write(_ text: String, to path: String) throws {
    do {
      let folder = (path as NSString).deletingLastPathComponent
      if !folder.isEmpty {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      }
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw DrillError(
        .io, subject: path, detail: "cannot be written; see the folder's mode and free space", underlying: error)
    }
  }

  /// A time as a person writes it: ISO 8601 (`2026-01-31`, `2026-01-31T04:00:00Z`), or how long ago (`30d`, `12h`).
  ///
  /// - Throws: `DrillError` with `usage`.
  public static func time(_ text: String, before now: Instant = .now) throws -> Instant {
    if let instant = Instant(parsing: text) ?? Instant(parsing: text + "T00:00:00Z") { return instant }
    guard let ago = Duration(parsing: text) else {
      throw DrillError(
        .usage, subject: text,
        detail: "a time is written as 2026-01-31, 2026-01-31T04:00:00Z, or as how long ago: 30d, 12h")
    }
    return Instant(millisecondsSince1970: now.millisecondsSince1970 - Int64(ago.milliseconds))
  }
}
