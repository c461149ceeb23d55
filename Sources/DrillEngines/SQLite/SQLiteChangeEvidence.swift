public import DrillModel
import Foundation
import GRDBSQLite
import Synchronization

/// What the rows' own versions say about changes between a cut and a later snapshot of the same files.
///
/// A row that the later snapshot holds is judged by its version column against the largest version that its table held
/// at the cut (``SQLitePosition``): above it, the row changed after the cut; below it, it did not. A version *equal* to
/// that largest one decides only where the restored row carries the same version, which says that the row claims not to
/// have changed; else, since a clock may have handed it out twice, it is a tie: ``ChangeFact/unknown``. A row that is
/// gone is judged by its tombstone in the same way. Where the store keeps tombstones and there is none, nothing speaks
/// for a deletion: ``ChangeFact/unchanged``.
public struct SQLiteChangeEvidence: ChangeEvidence {
  /// One side of the comparison.
  public struct Side: Sendable {
    public var files: [ArtifactFile]
    public var topology: Topology

    public init(files: [ArtifactFile], topology: Topology) {
      self.files = files
      self.topology = topology
    }
  }

  private let cluster: ClusterDescription
  private let cutTopology: Topology
  private let positions: [String: SQLitePosition]
  /// The shards' `PRAGMA schema_version` at the later snapshot.
  private let laterSchemas: [String: Int64]
  private let declared: (restored: [String: Set<SchemaObject>], later: [String: Set<SchemaObject>])
  private let lookups: Shared

  /// - Parameters:
  ///   - cut: the backup's cut, with the positions that ``SQLiteLiveCluster`` recorded in it.
  ///   - restored: the backup's files and its topology at the cut.
  ///   - later: the files of a later capture of the same cluster, and its topology then.
  ///   - laterPositions: the positions of that capture's own cut; without them nothing accounts for a changed schema.
  /// - Throws: `artifact-io` where a file cannot be opened; `reference-unavailable` where a recorded position is not of
  ///   the documented form.
  public init(
    cut: Cut, restored: Side, later: Side, laterPositions: [String: String] = [:], cluster: ClusterDescription
  ) throws {
    self.cluster = cluster
    cutTopology = restored.topology
    positions = try cut.positions.reduce(into: [:]) { positions, entry in
      guard let position = SQLitePosition(parsing: entry.value) else {
        throw DrillError(
          .referenceUnavailable, subject: entry.key, detail: "the backup's cut has no readable position for this shard")
      }
      positions[entry.key] = position
    }
    laterSchemas = laterPositions.compactMapValues { SQLitePosition(parsing: $0)?.schema }
    let (before, after) = (try RowLookup(restored), try RowLookup(later))
    declared = (before.objects, after.objects)
    lookups = Shared(restored: before, later: after)
  }

  /// A definition that one side alone has is accounted for where each shard that has it on one side alone says that its schema was
  /// changed after the cut: SQLite counts every change. Programs' own numbers are not counted.
  ///
  /// Source: https://www.sqlite.org/fileformat2.html#schema_cookie
  public func evidence(library name: String) -> ChangeFact {
    var fact = ChangeFact.unknown
    for shard in Set(declared.restored.keys).union(declared.later.keys) {
      let (before, after) = (declared.restored[shard] ?? [], declared.later[shard] ?? [])
      guard let object = before.symmetricDifference(after).first(where: { $0.label == name }) else { continue }
      guard !object.isNumber, let cut = positions[shard]?.schema, let later = laterSchemas[shard] else {
        return .unknown
      }
      if later <= cut { return .version(isPastCut: false) }
      fact = .version(isPastCut: true)
    }
    return fact
  }

  public func evidence(namespace table: String, key: [UInt8], slot: Slot) -> ChangeFact {
    guard let values = RowKey.values(of: key) else { return .unknown }
    return lookups.with { restored, later in
      do {
        return try fact(table, values, slot, restored, later)
      } catch {
        return .unknown
      }
    }
  }

  private func fact(
    _ table: String, _ key: [RowKey.Value], _ slot: Slot, _ restored: RowLookup, _ later: RowLookup
  ) throws -> ChangeFact {
    guard let column = versionColumn(of: table) else { return .unknown }
    switch try later.version(column, in: table, key, slot) {
    case .noColumn: return .unknown
    case .found(let version, let shard):
      let before = try restored.version(column, in: table, key, slot)
      return compare(
        version, table, shard, slot, claimsUnchanged: before.version == version)
    case .noRow:
      guard let tombstones = cluster.tombstones[table] else { return .deletedUnversioned }
      switch try later.version(column, in: tombstones, key, slot) {
      case .noColumn: return .deletedUnversioned
      case .noRow: return .unchanged
      case .found(let version, let shard):
        let before = try restored.version(column, in: tombstones, key, slot)
        return compare(
          version, tombstones, shard, slot, claimsUnchanged: before.version == version)
      }
    }
  }

  private func versionColumn(of table: String) -> String? {
    let base = cluster.tombstones.first { $0.value == table }?.key
    return cluster.versionColumns[table] ?? base.flatMap { cluster.versionColumns[$0] } ?? cluster.versionColumns["*"]
  }

  private func compare(
    _ version: Scalar, _ table: String, _ shard: String, _ slot: Slot, claimsUnchanged: Bool
  ) -> ChangeFact {
    // The shard that held the row at the cut: its slot may have moved since.
    let owner = cutTopology.mapsSlots ? cutTopology.owner(of: slot)?.name ?? shard : shard
    guard let largest = positions[owner]?.versions[table], version != .null else { return .unknown }
    if largest == .null { return .version(isPastCut: true) }
    switch version.comparedAsVersion(to: largest) {
    case .orderedDescending: return .version(isPastCut: true)
    case .orderedAscending: return .version(isPastCut: false)
    case .orderedSame: return claimsUnchanged ? .version(isPastCut: false) : .unknown
    case nil: return .unknown
    }
  }

  /// Lets one at a time use the connections of both sides.
  private final class Shared: Sendable {
    private let sides: Mutex<(RowLookup, RowLookup)>
    init(restored: sending RowLookup, later: sending RowLookup) { sides = Mutex((restored, later)) }

    func with(_ body: (RowLookup, RowLookup) -> ChangeFact) -> ChangeFact { sides.withLock { body($0.0, $0.1) } }
  }
}

/// Looks rows up by key in sealed files.
private final class RowLookup {
  enum Result: Equatable {
    case found(Scalar, shard: String)
    case noRow
    /// The table, or its version column, is not there.
    case noColumn

    var version: Scalar? {
      if case .found(let version, _) = self { version } else { nil }
    }
  }

  private final class Database {
    let name: String
    let connection: SQLiteConnection
    let tables: [String: TableLayout]
    let objects: Set<SchemaObject>
    let encoding: SQLiteStatement.TextEncoding
    var statements: [String: SQLiteStatement] = [:]

    init(_ file: ArtifactFile) throws {
      name = file.shard
      connection = try SealedDatabase(path: file.path, shard: file.shard).open()
      let schema = try DatabaseSchema(of: connection)
      tables = Dictionary(schema.tables.map { ($0.namespace, $0) }) { first, _ in first }
      objects = Set(schema.objects)
      encoding = try connection.text("PRAGMA encoding").flatMap(SQLiteStatement.TextEncoding.init) ?? .utf8
    }
  }

  private let topology: Topology
  private let databases: [Database]

  init(_ side: SQLiteChangeEvidence.Side) throws {
    topology = side.topology
    databases = try side.files.map { file in
      do { return try Database(file) } catch let failure as SQLiteFailure { throw failure.artifactError(file.shard) }
    }
  }

  /// What each shard declares.
  var objects: [String: Set<SchemaObject>] {
    Dictionary(databases.map { ($0.name, $0.objects) }) { $0.union($1) }
  }

  func version(_ column: String, in table: String, _ key: [RowKey.Value], _ slot: Slot) throws -> Result {
    let owner = topology.mapsSlots ? topology.owner(of: slot)?.name : nil
    var result = Result.noColumn
    for database in databases where owner == nil || database.name == owner {
      guard let statement = try statement(column, table, in: database) else { continue }
      result = .noRow
      defer { statement.reset() }
      guard statement.parameterCount == key.count else { continue }
      for (index, value) in key.enumerated() { try bind(index + 1, value, to: statement, database.encoding) }
      if try statement.step() { return .found(statement.scalar(0), shard: database.name) }
    }
    return result
  }

  /// Nil where the table or the column is not there.
  private func statement(_ column: String, _ table: String, in database: Database) throws -> SQLiteStatement? {
    if let known = database.statements[table] { return known }
    guard let layout = database.tables[table],
      let name = layout.columns.first(where: { $0.lowercased() == column.lowercased() })
    else {
      return nil
    }
    let condition = layout.keyExpressions.enumerated().map { "\($0.element) IS ?\($0.offset + 1)" }.joined(
      separator: " AND ")
    let statement = try database.connection.prepare(
      "SELECT \(TableLayout.quoted(name)) FROM main.\(layout.quotedName) WHERE \(condition)")
    database.statements[table] = statement
    return statement
  }

  private func bind(
    _ index: Int, _ value: RowKey.Value, to statement: SQLiteStatement, _ encoding: SQLiteStatement.TextEncoding
  ) throws {
    switch value {
    case .null: try statement.bindNull(index)
    case .integer(let value): try statement.bind(index, value)
    case .real(let value): try statement.bind(index, value)
    case .text(let bytes): try statement.bind(index, text: bytes, encoding)
    case .blob(let bytes): try statement.bind(index, blob: bytes)
    }
  }
}
