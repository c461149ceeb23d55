public import DrillModel

/// A point of a migration that a restore can go back to.
public struct MigrationCheckpoint: Hashable, Sendable, Codable {
  /// `pre-move`, `mid-move`, `post-move`, or a stage's name.
  public var name: String
  public var stage: MigrationStage
  /// When the event happened that it stands for.
  public var time: Instant
  /// The backup that the event names: what to restore. Nil where it names none: then the newest cut at or before ``time`` is meant, for `post-move` the first
  /// one after it.
  public var backup: String?

  /// The names that are not a stage's.
  public enum Name: String, Sendable, CaseIterable {
    /// Before anything was copied.
    case preMove = "pre-move"
    /// While slots were moving.
    case midMove = "mid-move"
    /// Once the new owners served.
    case postMove = "post-move"
  }

  /// Every name that a drill file can use.
  public static var names: [String] { Name.allCases.map(\.rawValue) + MigrationStage.allCases.map(\.rawValue) }
}

extension Migration {
  /// The point that a name stands for, as far as the migration has come.
  ///
  /// - `pre-move`: the newest backup that an event named before copying began; where none did, the time at which copying began.
  /// - `mid-move`: the newest backup named from copying on and before the cut-over; where none was, the time of the last event in between.
  /// - `post-move`: the first backup named since the cut-over; where none was, the time of the cut-over.
  /// - a stage: the last backup named in it, or the time at which it was reached.
  ///
  /// - Returns: nil where the migration has not come so far.
  /// - Throws: `DrillError` with `usage` for a name that is none, with those that there are.
  public func checkpoint(named name: String) throws -> MigrationCheckpoint? {
    if let stage = MigrationStage(rawValue: name) {
      let within = events.filter { $0.body.stage == stage }
      return point(name, within.last { $0.body.backup != nil } ?? within.first)
    }
    guard let point = MigrationCheckpoint.Name(rawValue: name) else {
      throw DrillError(
        .usage, subject: name,
        detail: "no such checkpoint; there are \(MigrationCheckpoint.names.joined(separator: ", "))")
    }
    let cutOver = events.firstIndex { $0.body.stage.isReached(.cutOver) } ?? events.endIndex
    let copying = events[..<cutOver].firstIndex { $0.body.stage.isReached(.copying) } ?? cutOver
    switch point {
    case .preMove:
      let named = events[..<copying].last { $0.body.backup != nil && $0.body.stage != .rolledBack }
      if let named { return self.point(name, named) }
      // A backup that is named once copying has begun is none from before it.
      var began = self.point(name, copying < events.endIndex ? events[copying] : nil)
      began?.backup = nil
      return began
    case .midMove:
      let moving = events[copying..<cutOver].filter { $0.body.stage != .rolledBack }
      return self.point(name, moving.last { $0.body.backup != nil } ?? moving.last)
    case .postMove:
      let moved = events[cutOver...].filter { $0.body.stage != .rolledBack }
      return self.point(name, moved.first { $0.body.backup != nil } ?? moved.first)
    }
  }

  private func point(_ name: String, _ event: Recorded<MigrationEvent>?) -> MigrationCheckpoint? {
    event.map {
      MigrationCheckpoint(name: name, stage: $0.body.stage, time: $0.body.at, backup: $0.body.backup)
    }
  }
}

extension MigrationStage {
  /// Whether a migration that goes forward has come as far as `stage` in this one; never in one that was rolled back.
  func isReached(_ stage: MigrationStage) -> Bool {
    guard self != .rolledBack, let own = MigrationStage.allCases.firstIndex(of: self),
      let wanted = MigrationStage.allCases.firstIndex(of: stage)
    else { return false }
    return own >= wanted
  }
}
