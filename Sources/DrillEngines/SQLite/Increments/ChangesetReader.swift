import DrillModel

/// Walks a changeset from end to end without trusting a length in it, before SQLite is handed any of it.
///
/// Source: sqlite ext/session/sqlite3session.c, "Changeset and patchset blob formats".
enum ChangesetReader {
  /// A table's part of it.
  struct Table: Hashable {
    var name: String
    /// A byte a column: its place in the primary key, from 1; 0 where it is not in it.
    var keys: [UInt8]
    var changes: UInt64
  }

  private static let largestName = 1 << 16
  private static let mostColumns: UInt64 = 32767

  /// - Returns: the tables in their order, and what is wrong; nothing where all of it is a changeset.
  /// - Throws: `DrillError` with `artifact-io`.
  static func read(_ bytes: ByteStream) throws -> ([Table], ReadFacts.Problem?) {
    var tables: [Table] = []
    while true {
      let start = bytes.offset
      func damaged(_ detail: String) -> ([Table], ReadFacts.Problem?) {
        (tables, .init(.undecodable, offset: Int64(clamping: start), detail: detail))
      }
      guard let byte = try bytes.next() else { return (tables, nil) }
      switch byte {
      case UInt8(ascii: "T"):
        guard let table = try readTable(bytes) else { return damaged("a table's head in the changeset is damaged") }
        tables.append(table)
      case UInt8(ascii: "P"):
        return (
          tables,
          .init(
            .unsupportedVersion, offset: Int64(clamping: start),
            detail: "a patchset, which does not say what was there before")
        )
      case Operation.insert, Operation.delete, Operation.update:
        guard let table = tables.last else { return damaged("a change of no table") }
        guard let indirect = try bytes.next(), indirect <= 1,
          try skipRecord(bytes, table, allowsUndefined: byte == Operation.update),
          try byte != Operation.update || skipRecord(bytes, table, allowsUndefined: true, isNew: true)
        else { return damaged("a change in the changeset is damaged") }
        tables[tables.count - 1].changes += 1
      default: return damaged("byte \(byte) begins neither a table nor a change")
      }
    }
  }

  /// Source: https://www.sqlite.org/c3ref/c_alter_table.html
  private enum Operation {
    static let delete: UInt8 = 9
    static let insert: UInt8 = 18
    static let update: UInt8 = 23
  }

  private static func readTable(_ bytes: ByteStream) throws -> Table? {
    guard let columns = try readVarint(bytes), (1...mostColumns).contains(columns) else { return nil }
    var keys: [UInt8] = []
    for _ in 0..<columns {
      guard let key = try bytes.next() else { return nil }
      keys.append(key)
    }
    var name: [UInt8] = []
    while let byte = try bytes.next(), name.count <= largestName {
      guard byte == 0 else {
        name.append(byte)
        continue
      }
      guard keys.contains(where: { $0 != 0 }), !name.isEmpty, let text = String(validating: name, as: UTF8.self) else {
        return nil
      }
      return Table(name: text, keys: keys, changes: 0)
    }
    return nil
  }

  /// Passes over a row's values; false where they are damaged.
  private static func skipRecord(
    _ bytes: ByteStream, _ table: Table, allowsUndefined: Bool, isNew: Bool = false
  ) throws -> Bool {
    for key in table.keys {
      guard let type = try bytes.next() else { return false }
      switch type {
      // A row is found by its key, and so no old row lacks it.
      case 0: guard allowsUndefined, isNew || key == 0 else { return false }
      case 1, 2: guard bytes.skip(8) else { return false }
      case 3, 4: guard let count = try readVarint(bytes), bytes.skip(count) else { return false }
      case 5: break
      default: return false
      }
    }
    return true
  }

  /// Nil where it ends early or is larger than SQLite's sizes.
  ///
  /// Source: https://www.sqlite.org/fileformat2.html#varint
  private static func readVarint(_ bytes: ByteStream) throws -> UInt64? {
    var value: UInt64 = 0
    for _ in 0..<5 {
      guard let byte = try bytes.next() else { return nil }
      value = value << 7 | UInt64(byte & 0x7F)
      if byte < 0x80 { return value <= 0x7FFF_FFFF ? value : nil }
    }
    return nil
  }
}
