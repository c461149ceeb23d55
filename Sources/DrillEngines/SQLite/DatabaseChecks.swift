import DrillModel
import GRDBSQLite

/// What a database's own checks say of it. Facts for whoever judges.
enum DatabaseChecks {
  private static let most = 100

  /// The complaints of `PRAGMA integrity_check`, equal ones counted together; empty: none. `quick_check` will not do:
  /// it does not hold indexes against their tables.
  ///
  /// Source: https://www.sqlite.org/pragma.html#pragma_integrity_check
  static func integrity(of connection: SQLiteConnection, pageSize: UInt64) throws -> [ReadFacts.Problem] {
    var seen: [String: (count: Int, page: UInt64?)] = [:]
    var order: [String] = []
    let check = try connection.prepare("PRAGMA integrity_check(\(most))")
    do {
      while try check.step() {
        for line in check.string(0).split(separator: "\n") where line != "ok" && !line.hasPrefix("***") {
          let (text, page) = withoutValues(line)
          if seen[text] == nil { order.append(text) }
          seen[text, default: (0, page)].count += 1
        }
      }
    } catch let failure as SQLiteFailure where failure.isDamage {
      order.append(failure.meaning)
      seen[failure.meaning] = (1, nil)
    }
    return order.map { text in
      let (count, page) = seen[text] ?? (0, nil)
      // Pages are counted from 1; a number that no file can hold is damage speaking, not an offset.
      let offset = page.flatMap { $0 >= 1 && $0 <= UInt64(UInt32.max) ? Int64(($0 - 1) * pageSize) : nil }
      return ReadFacts.Problem(.databaseCorrupt, offset: offset, detail: count > 1 ? "\(text) (\(count) times)" : text)
    }
  }

  /// The rows without the row that they refer to, counted per table and parent.
  ///
  /// Source: https://www.sqlite.org/pragma.html#pragma_foreign_key_check
  static func foreignKeys(of connection: SQLiteConnection) throws -> (problems: [ReadFacts.Problem], notes: [String]) {
    var counts: [String: UInt64] = [:]
    do {
      let check = try connection.prepare("PRAGMA foreign_key_check")
      while try check.step() {
        counts["\(check.string(0)) refer to a row of \(check.string(2)) that is not there", default: 0] += 1
      }
    } catch let failure as SQLiteFailure where failure.primaryCode == SQLITE_ERROR {
      return ([], ["foreign keys could not be checked: a reference of the schema fits no key"])
    }
    return (
      counts.sorted { $0.key < $1.key }.map { ReadFacts.Problem(.foreignKey, detail: "\($0.value) rows of \($0.key)") },
      []
    )
  }

  /// A complaint without the rowids in it, which may be keys, and the page that it names.
  ///
  /// `row 5 missing from index i`, `Tree 2 page 3 cell 0: Rowid 7 out of order`. Source: sqlite src/btree.c,
  /// checkAppendMsg and src/pragma.c
  private static func withoutValues(_ line: Substring) -> (String, page: UInt64?) {
    var words: [Substring] = []
    var page: UInt64?
    for word in line.split(separator: " ", omittingEmptySubsequences: false) {
      let digits = word.prefix { $0.isNumber || $0 == "-" }
      switch words.last?.lowercased() {
      case "row" where !digits.isEmpty, "rowid" where !digits.isEmpty: words.append("…")
      case "cell" where !digits.isEmpty: words.append("…" + word.dropFirst(digits.count))
      default:
        if words.last?.lowercased() == "page", page == nil { page = UInt64(digits) }
        words.append(word)
      }
    }
    return (words.joined(separator: " "), page)
  }
}
