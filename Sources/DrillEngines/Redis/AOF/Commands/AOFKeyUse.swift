/// A key that a command names.
struct AOFKeyUse: Hashable {
  /// Of the word that is the key.
  var index: Int
  var isWritten = true
  /// The database that it is of; nil: the selected one.
  var database: Int?
}

/// Where a command's keys stand among its words. Source: redis 7.0 src/commands/*.json, `key_specs`.
enum AOFKeyPlaces: Sendable {
  /// None: what it does has no key.
  case none
  /// The first word after the name.
  case first
  /// Those words, all of which are written.
  case words([Int])
  /// Every so many words from the first one after the name to the end.
  case every(Int)
  /// One is written, and what begins at another place up to the end is read.
  case target(Int, sourcesFrom: Int)
  /// One is written, and as many as a count before them says are read.
  case counted(target: Int, count: Int)
  /// As many as a count before them says, all of which are written.
  case countedTargets(Int)
  /// Whatever the function finds; nil: it cannot be told.
  case found(@Sendable (AOFCommand) -> [AOFKeyUse]?)

  /// Nil where the command does not tell.
  func uses(_ command: AOFCommand) -> [AOFKeyUse]? {
    let count = command.count
    func known(_ uses: [AOFKeyUse]) -> [AOFKeyUse]? { uses.allSatisfy { $0.index < count } ? uses : nil }
    switch self {
    case .none: return []
    case .first: return count > 1 ? [AOFKeyUse(index: 1)] : nil
    case .words(let words): return known(words.map { AOFKeyUse(index: $0) })
    case .every(let step): return count > 1 ? stride(from: 1, to: count, by: step).map { AOFKeyUse(index: $0) } : nil
    case .target(let target, let first):
      return known(
        [AOFKeyUse(index: target)] + (first..<max(first, count)).map { AOFKeyUse(index: $0, isWritten: false) })
    case .counted(let target, let place):
      guard let sources = AOFKeyPlaces.counted(command, place, isWritten: false) else { return nil }
      return known([AOFKeyUse(index: target)] + sources)
    case .countedTargets(let place): return AOFKeyPlaces.counted(command, place, isWritten: true)
    case .found(let find): return find(command).flatMap(known)
    }
  }

  private static func counted(_ command: AOFCommand, _ place: Int, isWritten: Bool) -> [AOFKeyUse]? {
    guard command.count > place, let number = command.integer(place), number > 0,
      number <= Int64(command.count - place - 1)
    else { return nil }
    return (1...Int(number)).map { AOFKeyUse(index: place + $0, isWritten: isWritten) }
  }
}
