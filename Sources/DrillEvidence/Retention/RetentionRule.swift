import DrillModel

/// Which backups are kept, and for how long: by the class that a backup's manifest states.
public struct RetentionRule: Hashable, Sendable {
  public var name: String
  /// By class.
  public var classes: [String: Keep]
  /// What holds for backups that state no class; nil: they are kept.
  public var ordinary: Keep?

  public init(name: String, classes: [String: Keep], ordinary: Keep? = nil) {
    self.name = name
    self.classes = classes
    self.ordinary = ordinary
  }

  /// What is kept of a class, in each cluster: whatever one of these asks to keep.
  public struct Keep: Hashable, Sendable {
    /// Backups whose cut is at most so old.
    public var age: Duration?
    /// The newest so many.
    public var last: Int
    /// The newest of each of the last so many days, weeks (from Monday) and months that have one, in UTC.
    public var daily: Int
    public var weekly: Int
    public var monthly: Int
    /// All of them.
    public var isForever: Bool

    public init(
      age: Duration? = nil, last: Int = 0, daily: Int = 0, weekly: Int = 0, monthly: Int = 0, isForever: Bool = false
    ) {
      self.age = age
      self.last = last
      self.daily = daily
      self.weekly = weekly
      self.monthly = monthly
      self.isForever = isForever
    }
  }
}

extension RetentionRule.Keep {
  /// Why each of the backups of one class and cluster is kept; those that are absent are not.
  ///
  /// - Parameter backups: name and cut, in any order.
  func reasons(_ backups: [(backup: String, cut: Instant)], at now: Instant) -> [String: String] {
    let newest = backups.sorted { ($0.cut, $0.backup) > ($1.cut, $1.backup) }
    var reasons: [String: [String]] = [:]
    func keep(_ backup: String, _ why: String) { reasons[backup, default: []].append(why) }
    for (place, (backup, cut)) in newest.enumerated() {
      if isForever { keep(backup, "kept for ever") }
      if let age, now.milliseconds(since: cut) <= age.milliseconds {
        keep(backup, "not older than \(Format.duration(ms: age.milliseconds))")
      }
      if place < last { keep(backup, "one of the last \(last)") }
    }
    func keepNewest(ofLast count: Int, _ unit: String, _ period: (CivilDay) -> Int) {
      var seen: Set<Int> = []
      for (backup, cut) in newest {
        let day = CivilDay(number: Int((Double(cut.millisecondsSince1970) / 86_400_000).rounded(.down)))
        guard seen.count < count || seen.contains(period(day)), seen.insert(period(day)).inserted else { continue }
        keep(backup, "the newest of its \(unit)")
      }
    }
    keepNewest(ofLast: daily, "day") { $0.number }
    keepNewest(ofLast: weekly, "week") { Int((Double($0.number + 3) / 7).rounded(.down)) }
    keepNewest(ofLast: monthly, "month") { $0.year * 12 + $0.month }
    return reasons.mapValues { $0.joined(separator: ", ") }
  }

  /// What it asks for, as `not older than 7 d, the last 3`.
  var words: String {
    [
      isForever ? "all for ever" : nil, age.map { "not older than \(Format.duration(ms: $0.milliseconds))" },
      last > 0 ? "the last \(last)" : nil, daily > 0 ? "one of each of \(Format.plural(daily, "day"))" : nil,
      weekly > 0 ? "one of each of \(Format.plural(weekly, "week"))" : nil,
      monthly > 0 ? "one of each of \(Format.plural(monthly, "month"))" : nil,
    ].compactMap { $0 }.joined(separator: ", ")
  }
}
