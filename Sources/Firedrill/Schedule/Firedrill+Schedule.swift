public import DrillEvidence
public import DrillModel
import Foundation

extension Firedrill {
  /// Runs a drill file unless a run of it passed recently, under the same policy and seed and at the level that it requires; a skip is recorded.
  ///
  /// - Throws: as ``run(drill:options:events:)``, and `already-running`.
  public static func run(
    drill path: String, unlessPassedWithin maxAge: Duration?, options: RunOptions = RunOptions(),
    events: @escaping DrillEventHandler = { _ in }
  ) async throws -> SessionResult {
    var drill = try DrillFile.read(path: Workplace.absolute(path))
    if let seed = options.seed { drill.seed = seed }
    return try await DrillSession(drill: drill, options: options, events: events).run(unlessPassedWithin: maxAge)
  }

  /// Puts a drill's schedule into the ledger: from now on, a due time without a run is a fact.
  ///
  /// - Parameter grace: how long after a due time a run may begin.
  /// - Throws: `DrillError`: `usage` for a calendar that cannot be read, that is due more often than every ten minutes, or whose grace reaches into the next
  ///   due time; `bad-file`; `ledger-unwritable`.
  @discardableResult
  public static func declareSchedule(
    drill path: String, calendar text: String, grace: Duration, ledger flag: String? = nil, at now: Instant = .now
  ) throws -> ScheduleDeclared {
    let drill = try DrillFile.read(path: Workplace.absolute(path))
    let calendar = try DrillCalendar(text)
    let graceSeconds = grace.components.seconds
    guard graceSeconds >= 60 else {
      throw DrillError(.usage, subject: text, detail: "the grace must be a minute or more: no clock is exact")
    }
    if let gap = shortestGap(of: calendar, after: now) {
      guard gap >= 600 else {
        throw DrillError(.usage, subject: text, detail: "this is due more often than every ten minutes")
      }
      guard gap > graceSeconds else {
        throw DrillError(
          .usage, subject: text,
          detail: "the grace reaches into the next due time, so that one run would count twice; shorten it")
      }
    }
    let declared = ScheduleDeclared(
      drill: drill.name, cluster: drill.clusterName, calendar: text, grace: graceSeconds)
    let ledger = try openLedger(Workplace.ledgerPath(flag: flag, drill: drill.ledger))
    try ledger.append(declared, at: now)
    return declared
  }

  /// Ends a drill's schedule; what was missed until now stays missed.
  ///
  /// - Parameter drill: a drill file, or the name of a drill whose schedule is in force.
  /// - Throws: `DrillError` with `usage` where no such schedule is in force.
  @discardableResult
  public static func endSchedule(
    drill name: String, ledger flag: String? = nil, at now: Instant = .now
  ) throws -> [ScheduleDeclared] {
    let file =
      FileManager.default.fileExists(atPath: Workplace.absolute(name))
      ? try DrillFile.read(path: Workplace.absolute(name)) : nil
    let ledger = try openLedger(Workplace.ledgerPath(flag: flag, drill: file?.ledger))
    let inForce = try ledger.history().declaredSchedules(at: now).filter {
      $0.drill == file?.name ?? name && (file == nil || $0.cluster == file?.clusterName)
    }
    guard !inForce.isEmpty else {
      throw DrillError(.usage, subject: name, detail: "no schedule of this drill is in force")
    }
    return try inForce.map { schedule in
      let ended = ScheduleDeclared(drill: schedule.drill, cluster: schedule.cluster, calendar: nil, grace: 0)
      try ledger.append(ended, at: now)
      return ended
    }
  }

  /// The units or the line that run a drill by its calendar.
  ///
  /// - Throws: `DrillError`: `bad-file`; `usage` for a calendar that cannot be read, or that cron cannot say.
  public static func renderSchedule(_ request: RenderRequest) throws -> [RenderedFile] {
    let drill = try DrillFile.read(path: Workplace.absolute(request.drill))
    let calendar = try DrillCalendar(request.calendar)
    return try ScheduleRenderer(request: request, drill: drill, calendar: calendar).files()
  }

  /// Drops what is bulky of everything recorded longer than `age` ago; the tree verifies as before.
  ///
  /// - Returns: how many details were dropped.
  public static func pruneLedger(at path: String, olderThan age: Duration, at now: Instant = .now) throws -> Int {
    let boundary = Instant(millisecondsSince1970: now.millisecondsSince1970 - Int64(age.milliseconds))
    guard FileManager.default.fileExists(atPath: path) else {
      throw DrillError(.io, subject: path, detail: "there is no ledger here")
    }
    return try Ledger.open(at: path).dropDetails(before: boundary, at: now)
  }

  /// Opens a ledger to write to it, and makes it where there is none.
  static func openLedger(_ path: String) throws -> Ledger {
    try? FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    return try Ledger.open(at: path)
  }

  /// Seconds between the nearest of the next due times; nil where there are fewer than two.
  private static func shortestGap(of calendar: DrillCalendar, after now: Instant) -> Int64? {
    var times: [Instant] = []
    var time = now
    while times.count < 64, let due = calendar.next(after: time) {
      times.append(due)
      time = due
    }
    return zip(times, times.dropFirst()).map { ($1.millisecondsSince1970 - $0.millisecondsSince1970) / 1000 }.min()
  }
}

extension DrillFile {
  /// The name of the cluster that its runs are recorded under.
  var clusterName: String { cluster?.description.name ?? ProductionFile.clusterName }
  var engineName: String { cluster?.description.engine ?? production?.engine.rawValue ?? "" }
}
