public import DrillModel
import Foundation
import GRDBSQLite

/// A chain of SQLite files is a base and the differences between each cut and the next, so that it has no points in
/// between.
extension SQLiteEngine: ChainRestoring {
  public var restoresWithinLinks: Bool { false }

  /// Reads every byte of the file, and walks its changeset from end to end.
  public func incrementFacts(_ file: ArtifactFile) throws -> IncrementFacts {
    do {
      guard file.format == ChangesetFile.format else { return try CopiedTables.facts(of: file.path) }
      let read = try ChangesetFile.read(file.path, shard: file.shard)
      var facts = IncrementFacts(
        from: read.file?.header.from, to: read.file?.header.to, shard: read.file?.header.shard, problems: read.problems)
      facts.firstTime = facts.from.flatMap { SQLitePosition(parsing: $0)?.time }
      facts.lastTime = facts.to.flatMap { SQLitePosition(parsing: $0)?.time }
      return facts
    } catch let failure as SQLiteFailure {
      throw failure.artifactError(file.shard)
    }
  }

  /// Positions with equal versions are one; else their times tell.
  public func order(_ position: String, _ other: String) -> Int? {
    guard let a = SQLitePosition(parsing: position), let b = SQLitePosition(parsing: other) else { return nil }
    if a == b || !a.versions.isEmpty && a.schema == b.schema && a.versions == b.versions { return 0 }
    guard let time = a.time, let otherTime = b.time else { return nil }
    return time < otherTime ? -1 : time == otherTime ? 0 : 1
  }

  public func assemble(_ chain: ShardChain, upTo point: RestorePoint, in folder: String) throws -> AssembledShard {
    let increments = chain.increments.prefix { increment in
      switch point {
      case .end: true
      case .time(let time): increment.time <= time
      case .positions(let positions):
        positions[chain.shard].flatMap { order(increment.position, $0) }.map { $0 <= 0 } ?? false
      }
    }
    // Named by us: a shard's name comes from the manifest.
    let path = "\(folder)/chain.sqlite"
    var assembled = AssembledShard(file: ArtifactFile(shard: chain.shard, format: "sqlite", path: path))
    do {
      try SealedDatabase.copyWhole(chain.base.path, to: path, shard: chain.shard)
      for increment in increments {
        let problems = try IncrementApplication(shard: chain.shard, files: increment.files).apply(to: path)
        guard problems.isEmpty else {
          assembled.problems = problems.map { (increment.backup, $0) }
          return assembled
        }
        (assembled.position, assembled.time) = (increment.position, increment.time)
      }
    } catch let failure as SQLiteFailure {
      throw failure.artifactError(chain.shard)
    }
    if !increments.isEmpty { assembled.notes = [IncrementApplication.leftOut] }
    return assembled
  }
}

/// Makes the changes of one increment in a database that is ours.
struct IncrementApplication {
  /// What an increment does not carry.
  static let leftOut =
    "increments do not carry rowids of tables without a primary key, statistics of ANALYZE and how the file is stored"

  var shard: String
  var files: [ArtifactFile]

  /// - Parameter noted: told of each kind of conflict.
  /// - Returns: why it does not fit; the database is then worth nothing.
  /// - Throws: ``SQLiteFailure``; `DrillError` with `artifact-io`.
  func apply(
    to path: String, noted: (ChangesetApplication.Conflict) -> Void = { _ in }
  ) throws -> [ReadFacts.Problem] {
    func conflict(_ detail: String) -> ReadFacts.Problem { .init(.conflict, detail: detail) }
    guard ChangesetMaker.isAvailable else { throw ChangesetMaker.missing }
    guard let changes = files.first(where: { $0.format == ChangesetFile.format }) else {
      return [.init(.missingPart, detail: "the increment has no changeset of the shard")]
    }
    let read = try ChangesetFile.read(changes.path, shard: shard)
    guard let file = read.file, read.problems.isEmpty else { return read.problems }
    let connection = try SQLiteConnection(path: path, access: .assembly)
    defer { connection.close() }
    // Its log is not applied by anybody else, and what becomes of it in a crash is nobody's loss.
    try connection.execute("PRAGMA journal_mode=MEMORY")
    try connection.execute("PRAGMA synchronous=OFF")
    try connection.execute("PRAGMA foreign_keys=OFF")
    let stored = try CopiedTables.all(of: connection)
    // SQLite passes over tables that it does not have in this form, and says nothing.
    // Source: https://www.sqlite.org/session/sqlite3changeset_apply.html
    for table in read.tables where !stored.contains(where: { $0.name == table.name && $0.keys == table.keys }) {
      return [conflict("\(TableLayout.shown(table.name)) is not there, or has other columns")]
    }
    for table in file.header.copied where !fits(table, stored, connection) {
      return [conflict("\(TableLayout.shown(table.name)), copied whole, is not there, or has other columns")]
    }
    let conflicts: [ChangesetApplication.Conflict: Int]
    do {
      conflicts = try ChangesetApplication.apply(changes.path, from: file.bodyOffset, to: connection)
    } catch let failure as SQLiteFailure where failure.isDamage {
      return [.init(.undecodable, detail: "the changeset: \(failure.meaning)")]
    }
    guard conflicts.isEmpty else {
      for conflict in conflicts.keys { noted(conflict) }
      return conflicts.sorted { $0.key < $1.key }.map { conflict, count in
        let place = conflict.table.isEmpty ? "" : "\(TableLayout.shown(conflict.table)): "
        return .init(.conflict, detail: "\(place)\(conflict.kind.words) (\(count) change\(count == 1 ? "" : "s"))")
      }
    }
    if !file.header.copied.isEmpty {
      guard let tables = files.first(where: { $0.format == CopiedTables.format }) else {
        return [.init(.missingPart, detail: "the tables that the changeset cannot carry are not beside it")]
      }
      do {
        try CopiedTables.apply(file.header.copied, from: tables.path, to: connection)
      } catch let failure as SQLiteFailure where failure.isDamage || failure.belongsToContents {
        return [conflict("the tables beside the changeset: \(failure.meaning)")]
      }
    }
    for (number, value) in file.header.numbers where SchemaObject.numbers.contains(number) {
      try connection.execute("PRAGMA \(number)=\(value)")
    }
    return []
  }

  private func fits(_ table: CopiedTables.Table, _ stored: [StoredTable], _ connection: SQLiteConnection) -> Bool {
    if table == CopiedTables.sequence {
      return (try? connection.prepare("SELECT name, seq FROM main.sqlite_sequence")) != nil
    }
    return stored.contains { $0.copied == table }
  }
}
