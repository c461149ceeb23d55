internal import DrillModel

/// What a change stream tells of itself, read once: how far it is whole, and where it is to be entered and left.
struct StreamScan {
  /// A place between two commands, outside every transaction.
  struct Place: Hashable, Sendable {
    /// Of the file.
    var bytes: UInt64
    var history: String
    var offset: UInt64
    /// The one that is selected there; nil: the stream did not say yet.
    var database: UInt32?
    /// The second in which the command before it was received; nil: none before it has one.
    var second: Int64?

    var position: ReplicationPosition { ReplicationPosition(history: history, offset: offset) }
  }

  enum Point: Hashable, Sendable {
    case end
    /// Nothing that was received in a later second.
    case second(Int64)
    /// Nothing after this position.
    case position(ReplicationPosition)
  }

  let header: StreamHeader
  /// Where the commands after ``init(path:from:upTo:)``'s `from` begin; nil: no command begins there.
  private(set) var start: Place?
  /// Where it is left for the point.
  private(set) var cut: Place
  /// The last place that is vouched for, as far as was read.
  private(set) var end: Place
  private(set) var firstSecond: Int64?
  /// Why nothing is known after ``end``; nil: the file ends there, or was not read to its end.
  private(set) var gap: String?
  /// Commands up to ``cut``.
  private(set) var commands: UInt64 = 0
  /// Whether the point was sought among commands of which nobody knows when they were made; ``cut`` is before them.
  private(set) var isUntimed = false
  /// Whether something lies behind ``cut`` that the point leaves out.
  private(set) var isStopped = false
  /// The offset at which a transaction begins that has no end; nil: there is none.
  private(set) var openTransaction: UInt64?

  /// Reads a log up to the point.
  ///
  /// - Parameter entry: where it is entered; nil: at its beginning.
  /// - Throws: ``StreamReader/Unreadable``; `DrillError` with `artifact-io`.
  init(path: String, from entry: ReplicationPosition? = nil, upTo point: Point = .end) throws {
    let reader = try StreamReader(path: path)
    header = reader.header
    var place = Place(
      bytes: reader.firstByte, history: header.history, offset: header.after, database: header.database)
    (end, cut) = (place, place)
    let entry = entry ?? place.position
    if entry == place.position { start = place }

    // What no block has vouched for yet.
    var unproven = (start: start, cut: place, place: place, commands: UInt64(0))
    var second = header.second
    firstSecond = second
    var transaction: UInt64?
    var commands: UInt64 = 0
    var isBeyond = false
    if let second, case .second(let last) = point { isBeyond = second > last }
    // A server's own log tells times only where it was told to.
    var isUntimed = header.countsAnnotations && second == nil
    var seeksTime: Bool { if case .second = point { true } else { false } }
    func note(_ place: Place) {
      if place.position == entry { unproven.start = place }
      unproven.place = place
      if !isBeyond, !(isUntimed && seeksTime) { (unproven.cut, unproven.commands) = (place, commands) }
    }
    /// What was just read may lie after the position that was asked for.
    func leave(_ history: String) {
      let after = ReplicationPosition(history: history, offset: reader.offset)
      if case .position(let last) = point, let order = after.order(last), order > 0 { isBeyond = true }
    }
    while true {
      let before = reader.offset
      let item = try reader.next()
      switch item {
      case .command:
        commands += 1
        switch reader.command.keyword(0) {
        case "MULTI": transaction = transaction ?? before
        case "EXEC": transaction = nil
        case "SELECT": if let number = AOFCommandTable.database(reader.command, 1) { place.database = UInt32(number) }
        default: break
        }
        leave(place.history)
        (place.bytes, place.offset, place.second) = (reader.endInFile, reader.offset, second ?? place.second)
        guard transaction == nil else { continue }
        note(place)
      case .section:
        (place.history, place.offset) = (reader.section.history, reader.offset)
        (place.bytes, place.database) = (reader.endInFile, reader.section.database)
        note(place)
      case .second(let now):
        if firstSecond == nil { firstSecond = now }
        second = now
        if case .second(let last) = point, now > last { isBeyond = true }
        if isBeyond, isUntimed { self.isUntimed = true }
        // What came before it was made no later.
        if !isBeyond, isUntimed { (unproven.cut, unproven.commands) = (unproven.place, commands) }
        isUntimed = false
        guard reader.section.countsAnnotations else { continue }
        leave(place.history)
        (place.bytes, place.offset) = (reader.endInFile, reader.offset)
        if transaction == nil { note(place) }
      case .block, .untimed:
        (start, cut, end, self.commands) = (unproven.start, unproven.cut, unproven.place, unproven.commands)
        openTransaction = transaction
        isStopped = isBeyond
        if isBeyond { return }
        if item == .untimed { isUntimed = true }
      case .end(let reason):
        gap = reason
        self.isUntimed = isUntimed && seeksTime && cut != end
        return
      }
    }
  }
}
