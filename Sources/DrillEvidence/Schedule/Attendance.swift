import DrillModel

/// When the scheduled drills ran, were skipped, and were interrupted: each list ascending, so that a window is found in logarithmic time.
struct Attendance {
  private var attended: [ScheduleKey: [Instant]] = [:]
  private var interrupted: [ScheduleKey: [(Instant, String)]] = [:]

  init(_ history: History) {
    for schedule in history.schedules {
      attended[ScheduleKey(drill: schedule.body.drill, cluster: schedule.body.cluster)] = []
    }
    func attend(_ drill: String, _ cluster: String, _ time: Instant) {
      attended[ScheduleKey(drill: drill, cluster: cluster)]?.append(time)
    }
    var finished: Set<String> = []
    for run in history.runs {
      finished.insert(run.body.run)
      attend(run.body.drill, run.body.cluster, run.body.startedAt)
    }
    for start in history.started where !finished.contains(start.body.run) {
      if history.running.contains(start.body.run) {
        attend(start.body.drill, start.body.cluster, start.body.startedAt)
      } else {
        interrupted[ScheduleKey(drill: start.body.drill, cluster: start.body.cluster), default: []].append(
          (start.body.startedAt, start.body.run))
      }
    }
    for skip in history.skips { attend(skip.body.drill, skip.body.cluster, skip.time) }
    for key in attended.keys { attended[key]?.sort() }
    for key in interrupted.keys { interrupted[key]?.sort { $0.0 < $1.0 } }
  }

  /// Whether a run began, or was skipped, in the window.
  func attended(_ key: ScheduleKey, _ window: ClosedRange<Instant>) -> Bool {
    guard let times = attended[key] else { return false }
    let index = times.firstIndex(notBefore: window.lowerBound) { $0 }
    return index < times.count && times[index] <= window.upperBound
  }

  /// The last run that was interrupted in the window.
  func interrupted(_ key: ScheduleKey, _ window: ClosedRange<Instant>) -> String? {
    guard let runs = interrupted[key] else { return nil }
    let after = runs.firstIndex(notBefore: window.upperBound.advanced(by: 1)) { $0.0 }
    return after > 0 && runs[after - 1].0 >= window.lowerBound ? runs[after - 1].1 : nil
  }
}

extension Array {
  /// Where the first element stands that is not before `time`, in an ascending array.
  fileprivate func firstIndex(notBefore time: Instant, _ at: (Element) -> Instant) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if at(self[middle]) < time { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
