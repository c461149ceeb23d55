internal import DrillModel
internal import Foundation

/// What one shard's change stream tells of a window: which keys changed after one offset and up to another.
struct RedisChangeLog: Sendable {
  private struct Key: Hashable, Sendable {
    /// Nil: in a database that the stream had not named.
    var database: UInt32?
    var key: [UInt8]
  }

  private struct Changes: Sendable {
    var keys: Set<Key> = []
    var databases: Set<UInt32> = []
    var everything = false
  }

  private var changes = Changes()
  /// Whether the stream tells everything that changed in the window.
  private(set) var isWhole = false
  /// Why not; one clause.
  private(set) var gap: String?

  /// Reads a stream, perhaps while it is still being written. Memory grows with the number of keys that changed in the
  /// window.
  ///
  /// - Parameter positions: the cut's and the snapshot's, `<replication id>:<offset>`.
  /// - Throws: `DrillError` with `artifact-io` where the file cannot be read.
  init(folder: String, shard: String, from cut: String, to snapshot: String) throws {
    guard let from = ReplicationPosition(cut), let to = ReplicationPosition(snapshot) else {
      gap = "the cut or the snapshot names no replication offset"
      return
    }
    guard from.history == to.history else {
      gap = "the snapshot belongs to another replication history than the cut"
      return
    }
    let path = StreamRecorder.path(folder: folder, shard: shard)
    guard FileManager.default.fileExists(atPath: path) else {
      gap =
        FileManager.default.fileExists(atPath: "\(folder)/\(shard).changes")
        ? "it was recorded by a version that kept the names of keys alone; record it again with `capture --follow`"
        : "there is none of this shard"
      return
    }
    do {
      try read(try StreamReader(path: path), from: from, to: to)
    } catch let error as StreamReader.Unreadable {
      gap = error.detail
    }
  }

  private mutating func read(_ reader: StreamReader, from: ReplicationPosition, to: ReplicationPosition) throws {
    guard reader.header.history == from.history, reader.header.after <= from.offset else {
      gap = "it does not begin at the cut"
      return
    }
    var database = reader.header.database
    var unproven = Changes()
    while reader.wholeOffset < to.offset {
      switch try reader.next() {
      case .second, .section: continue
      case .block, .untimed:
        merge(unproven)
        unproven = Changes()
      case .end(let reason):
        gap = reason ?? "it ends at offset \(reader.wholeOffset), before the snapshot's \(to.offset)"
        return
      case .command:
        database = reader.command.selectedDatabase ?? database
        guard reader.offset > from.offset, reader.offset <= to.offset else { continue }
        let effect = WriteEffect(reader.command)
        if effect == .unknown {
          let name = reader.command.keyword(0).prefix(32).filter { $0.isASCII && !$0.isWhitespace }
          gap = "the keys of \(name) are not known"
          return
        }
        RedisChangeLog.note(effect, database, in: &unproven)
      }
    }
    isWhole = true
  }

  private mutating func merge(_ more: Changes) {
    changes.keys.formUnion(more.keys)
    changes.databases.formUnion(more.databases)
    changes.everything = changes.everything || more.everything
  }

  private static func note(_ effect: WriteEffect, _ database: UInt32?, in changes: inout Changes) {
    switch effect {
    case .keys(let keys): for key in keys { changes.keys.insert(Key(database: database, key: key)) }
    case .across(let source, let target, let into):
      if let source { changes.keys.insert(Key(database: database, key: source)) }
      changes.keys.insert(Key(database: into, key: target))
    case .database:
      if let database { changes.databases.insert(database) } else { changes.everything = true }
    case .databases(let databases): changes.databases.formUnion(databases)
    case .everything: changes.everything = true
    case .libraries, .select, .nothing, .unknown: break
    }
  }

  /// Whether the stream names the key, or everything in its database.
  func names(_ key: [UInt8], database: UInt32) -> Bool {
    changes.everything || changes.databases.contains(database)
      || changes.keys.contains(Key(database: database, key: key))
      || changes.keys.contains(Key(database: nil, key: key))
  }
}
