import DrillModel

/// Says of an event whether it may be recorded after those that a cluster has: the gates between the stages.
struct MigrationGate {
  private let recorded: [Recorded<MigrationEvent>]

  /// By how much an event may lie in the future, or before one that was published earlier: clocks of several machines differ.
  static let tolerance = ClockTrace.tolerance

  /// - Parameter recorded: the cluster's events, in the ledger's order.
  init(_ recorded: [Recorded<MigrationEvent>]) { self.recorded = recorded }

  /// The recorded event of the same id; nil where there is none.
  ///
  /// - Parameter isTimeStated: whether who publishes it says when it happened; if not, its time is no difference.
  /// - Throws: `DrillError` with `event-differs` where that one says something else.
  func known(_ event: MigrationEvent, isTimeStated: Bool) throws -> Recorded<MigrationEvent>? {
    guard let known = recorded.first(where: { $0.body.id == event.id }) else { return nil }
    var same = event
    if !isTimeStated { same.at = known.body.at }
    guard known.body == same else {
      throw DrillError(
        .eventDiffers, subject: event.id,
        detail: "an event of this id is recorded as leaf \(known.leaf) and says something else (\(known.body.words)); "
          + "what happened since needs an id of its own")
    }
    return known
  }

  /// - Throws: `DrillError`: `event-from-future`, `migration-unknown`, `event-out-of-order`.
  func admit(_ event: MigrationEvent, at now: Instant) throws {
    guard event.at <= now.advanced(by: Self.tolerance) else {
      throw DrillError(
        .eventFromFuture, subject: event.id,
        detail: "it says that it happened at \(Format.time(event.at)), and now is \(Format.time(now)); "
          + "see the clock of the machine that published it")
    }
    let earlier = recorded.filter { $0.body.migration == event.migration }
    guard let last = earlier.last else {
      guard event.stage != .planned else { return }
      let others = Set(recorded.map(\.body.migration)).sorted()
      throw DrillError(
        .migrationUnknown, subject: event.migration,
        detail: "no migration of this name is recorded of \(event.cluster): its first event is 'planned', "
          + "not '\(event.stage.rawValue)'"
          + (others.isEmpty
            ? ""
            : "; recorded are \(NearNames.nearest(to: event.migration, among: others).prefix(5).joined(separator: ", "))")
      )
    }
    let stage = last.body.stage
    func refuse(_ detail: String) -> DrillError { DrillError(.eventOutOfOrder, subject: event.id, detail: detail) }
    guard let next = stage.next else {
      throw refuse(
        "\(event.migration) was \(stage.words) at \(Format.time(last.body.at)), and nothing comes after that; "
          + "a new attempt is a migration with a name of its own")
    }
    guard stage.following.contains(event.stage) else {
      throw refuse(
        "\(event.migration) is at '\(stage.rawValue)' since \(Format.time(last.body.at)): after it comes "
          + "'\(next.rawValue)' (or 'rolled-back'), not '\(event.stage.rawValue)'")
    }
    guard event.at >= last.body.at.advanced(by: .zero - Self.tolerance) else {
      throw refuse(
        "it says that it happened at \(Format.time(event.at)), before \(last.body.id) at \(Format.time(last.body.at)), "
          + "which is recorded already")
    }
  }
}
