/// A place in a replication history, as a cut writes it: `<replication id>:<offset>`.
struct ReplicationPosition: Hashable, Sendable, CustomStringConvertible {
  var history: String
  var offset: UInt64

  /// A server counts in signed numbers; so what is added to one that was read never overflows.
  ///
  /// Source: redis 7.0 src/server.h, `master_repl_offset`.
  static let largestOffset = UInt64(Int64.max)

  init(history: String, offset: UInt64) {
    self.history = history
    self.offset = offset
  }

  /// The last colon divides: the name of a log's file, which is a history of its own, may hold others.
  init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), colon != text.startIndex,
      let offset = ReplicationPosition.offset(text[text.index(after: colon)...])
    else { return nil }
    self.init(history: String(text[..<colon]), offset: offset)
  }

  /// Nil for what is no offset.
  static func offset(_ text: Substring) -> UInt64? {
    UInt64(text).flatMap { $0 <= largestOffset ? $0 : nil }
  }

  var description: String { "\(history):\(offset)" }

  /// Negative, zero or positive where this one lies before, at or after another; nil: they are of different histories.
  ///
  /// The files of a server's own log are histories that follow each other by the number in their names.
  func order(_ other: ReplicationPosition) -> Int? {
    func sign<N: Comparable>(_ a: N, _ b: N) -> Int { a < b ? -1 : a > b ? 1 : 0 }
    if history == other.history { return sign(offset, other.offset) }
    guard let mine = ForeignLog.part(history), let its = ForeignLog.part(other.history), mine.log == its.log,
      mine.number != its.number
    else { return nil }
    return sign(mine.number, its.number)
  }
}
