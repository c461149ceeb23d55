import DrillModel
import GRDBSQLite

/// What a database's own checks say of it. Facts for whoever judges.
struct DatabaseChecks {
  private static let most = 100

  private(set) var problems: [ReadFacts.Problem] = []
  /// Checks that could not be made.
  private(set) var unseen: [ReadFacts.Unseen] = []
  private let connection: SQLiteConnection
  private let schema: DatabaseSchema
  private let pageSize: UInt64

  init(_ connection: SQLiteConnection, schema: DatabaseSchema, pageSize: UInt64) {
    self.connection = connection
    self.schema = schema
    self.pageSize = pageSize
  }

  /// The complaints of `PRAGMA integrity_check`, equal ones counted together; none: the database is sound. `quick_check` will
  /// not do: it does not hold indexes against their tables. R-trees are held against their own rules.
  ///
  /// Where the schema needs a function or a collation that this SQLite lacks, the check is made table by table, and those for
  /// which it cannot be made are ``unseen``.
  ///
  /// Source: https://www.sqlite.org/pragma.html#pragma_integrity_check, https://www.sqlite.org/rtree.html, section 6
  mutating func checkIntegrity() throws {
    do {
      problems = try complaints("PRAGMA integrity_check(\(Self.most))")
    } catch let failure as SQLiteFailure where failure.primaryCode == SQLITE_ERROR {
      try checkTables()
    }
    guard problems.isEmpty else { return }
    for table in schema.virtualTables where table.isRTree && isRead(table) { try checkRTree(table.name) }
  }

  private mutating func checkTables() throws {
    unseen.append(
      .init("free pages", records: 0, detail: "its schema needs a function or collation that this SQLite lacks"))
    for table in schema.tables where !table.isVirtual {
      do {
        problems += try complaints("PRAGMA integrity_check(\(table.quotedName))")
      } catch let failure as SQLiteFailure where failure.primaryCode == SQLITE_ERROR {
        unseen.append(
          .init(
            "table \(table.namespace)", records: 0,
            detail: "its indexes and constraints need a function or collation that this SQLite lacks"))
      }
    }
  }

  private func isRead(_ table: VirtualTable) -> Bool { schema.tables.contains { $0.name == table.name } }

  private mutating func checkRTree(_ name: String) throws {
    let check = try connection.prepare("SELECT rtreecheck('main', ?1)")
    try check.bind(1, text: name.utf8)
    guard try check.step(), check.string(0) != "ok" else { return }
    let lines = check.string(0).split(separator: "\n").count
    problems.append(
      .init(
        .databaseCorrupt,
        detail: "R-tree \(TableLayout.shown(name)): \(lines) places where its nodes and its rows do not fit"))
  }

  /// Full-text tables that can be asked whether their index fits their rows.
  var fullTextTables: [VirtualTable] {
    schema.virtualTables.filter { $0.isFullText && ($0.contents == .elsewhere || isRead($0)) }
  }

  /// Asks each full-text table whether its index is whole and fits its rows. The question is put as an insertion, and so to a copy,
  /// where it changes nothing.
  ///
  /// Source: https://www.sqlite.org/fts5.html, section 6.4; https://www.sqlite.org/fts3.html, section 8.1
  mutating func checkFullText(on copy: SQLiteConnection) throws {
    for table in fullTextTables {
      let name = TableLayout.quoted(table.name)
      try copy.execute("BEGIN")
      defer { try? copy.execute("ROLLBACK") }
      do {
        try copy.execute("INSERT INTO main.\(name)(\(name)) VALUES('integrity-check')")
      } catch let failure as SQLiteFailure where failure.isDamage {
        problems.append(
          .init(
            .databaseCorrupt,
            detail: "full-text table \(TableLayout.shown(table.name)): its index is damaged or does not fit its rows"))
      } catch let failure as SQLiteFailure where failure.primaryCode == SQLITE_ERROR {
        unseen.append(
          .init(
            "full-text table \(TableLayout.shown(table.name))", records: 0,
            detail: "its index could not be checked: this SQLite lacks its tokenizer, or does not know its form"))
      }
    }
  }

  private func complaints(_ sql: String) throws -> [ReadFacts.Problem] {
    var seen: [String: (count: Int, page: UInt64?)] = [:]
    var order: [String] = []
    let check = try connection.prepare(sql)
    do {
      while try check.step() {
        for line in check.string(0).split(separator: "\n") where line != "ok" && !line.hasPrefix("***") {
          let (text, page) = Self.withoutValues(line)
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
      let shown = TableLayout.shown(text)
      return ReadFacts.Problem(
        .databaseCorrupt, offset: offset, detail: count > 1 ? "\(shown) (\(count) times)" : shown)
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
        counts[
          "\(TableLayout.shown(check.string(0))) refer to a row of \(TableLayout.shown(check.string(2))) that is not there",
          default: 0] += 1
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
