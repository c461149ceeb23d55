internal import DrillModel
internal import Foundation

/// What one shard's change log tells of a window: which keys changed after one offset and up to another.
struct RedisChangeLog: Sendable {
  private struct Key: Hashable, Sendable {
    /// Nil: in a database that the stream had not named.
    var database: UInt32?
    var key: [UInt8]
  }

  private var keys: Set<Key> = []
  private var databases: Set<UInt32> = []
  private var everything = false
  /// Whether the log tells everything that changed in the window.
  private(set) var isWhole = false
  /// Why not; one clause.
  private(set) var gap: String?

  /// Reads a log, perhaps while it is still being written. Memory grows with the number of keys that changed in the
  /// window.
  ///
  /// - Parameter positions: the cut's and the snapshot's, `<replication id>:<offset>`.
  /// - Throws: `DrillError` with `artifact-io` where the file cannot be read.
  init(path: String, from cut: String, to snapshot: String) throws {
    guard let from = RedisChangeLog.position(cut), let to = RedisChangeLog.position(snapshot) else {
      gap = "the cut or the snapshot names no replication offset"
      return
    }
    guard from.history == to.history else {
      gap = "the snapshot belongs to another replication history than the cut"
      return
    }
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    } catch {
      throw DrillError(.artifactUnreadable, subject: "change log", detail: "cannot be read", underlying: error)
    }
    data.withUnsafeBytes { read($0, from: from, to: to) }
  }

  private mutating func read(
    _ bytes: UnsafeRawBufferPointer, from: (history: String, offset: UInt64), to: (history: String, offset: UInt64)
  ) {
    var position = ChangeEntry.magic.count
    guard bytes.count >= position, bytes.prefix(position).elementsEqual(ChangeEntry.magic),
      case .header(_, let history, let after)? = ChangeEntry.read(bytes, &position)
    else {
      gap = "its beginning is damaged or of another version"
      return
    }
    guard history == from.history, after <= from.offset else {
      gap = "it does not begin at the cut"
      return
    }
    var reached = after
    while reached < to.offset, let entry = ChangeEntry.read(bytes, &position) {
      guard entry.offset >= reached else {
        gap = "its offsets go backwards"
        return
      }
      if case .notWhole(_, let reason) = entry {
        gap = reason
        return
      }
      reached = entry.offset
      guard reached > from.offset, reached <= to.offset else { continue }
      note(entry)
    }
    // A command's entries share its offset: those of the last one belong to the window too.
    while reached == to.offset, let entry = ChangeEntry.read(bytes, &position), entry.offset == reached { note(entry) }
    isWhole = reached >= to.offset
    if !isWhole { gap = "it ends at offset \(reached), before the snapshot's \(to.offset)" }
  }

  private mutating func note(_ entry: ChangeEntry) {
    switch entry {
    case .keys(let changed, let database, _): for key in changed { keys.insert(Key(database: database, key: key)) }
    case .database(let database?, _): databases.insert(database)
    case .database(nil, _): everything = true
    case .libraries, .reached, .header, .notWhole: break
    }
  }

  /// Whether the log names the key, or everything in its database.
  func names(_ key: [UInt8], database: UInt32) -> Bool {
    everything || databases.contains(database) || keys.contains(Key(database: database, key: key))
      || keys.contains(Key(database: nil, key: key))
  }

  private static func position(_ text: String) -> (history: String, offset: UInt64)? {
    let parts = text.split(separator: ":")
    guard parts.count == 2, let offset = UInt64(parts[1]) else { return nil }
    return (String(parts[0]), offset)
  }
}
