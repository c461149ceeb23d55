import Dispatch
import DrillCrypto
public import DrillModel
import Foundation
import GRDBSQLite

extension SQLiteLiveCluster: IncrementCapturing {
  /// Copies the files as a full capture does, and keeps of each what differs from the predecessor.
  ///
  /// The copies are compared, and not the held snapshots: no connection to production attaches another database, and a
  /// hold lasts no longer than that of a full capture. Each increment is tried on the predecessor before it is kept: a
  /// table that does not come out exactly as it was is copied whole instead.
  public func captureIncrement(
    on predecessor: IncrementPredecessor, _ plan: CapturePlan, into folder: String,
    whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> CapturedBackup {
    guard ChangesetMaker.isAvailable else { throw ChangesetMaker.missing }
    let known = Set(predecessor.topology.shards.map(\.name))
    guard known == Set(cluster.files.map(\.name)) else {
      throw DrillError(
        .referenceUnavailable, subject: cluster.name,
        detail: "the shards are not those of the predecessor; take a full backup")
    }
    let work = folder + "/.whole"
    guard mkdir(work, 0o700) == 0 else {
      throw DrillError(.io, subject: cluster.name, detail: "no folder for copies: \(String(cString: strerror(errno)))")
    }
    defer { try? FileManager.default.removeItem(atPath: work) }
    let bases = try await predecessor.restored()
    var captured = try await capture(plan, into: work, whileHeld: whileHeld)
    var files: [ArtifactFile] = []
    for whole in captured.files {
      guard let base = bases.first(where: { $0.shard == whole.shard }),
        let from = predecessor.cut.positions[whole.shard],
        let to = captured.cut.positions[whole.shard]
      else {
        throw DrillError(
          .referenceUnavailable, subject: whole.shard,
          detail: "the predecessor does not hold this shard; take a full backup")
      }
      let maker = IncrementMaker(
        shard: whole.shard, base: base.path, whole: whole.path, from: from, to: to, work: work, folder: folder)
      files += try await onQueue { try maker.make() }
    }
    captured.files = files
    return captured
  }

  private func onQueue<R: Sendable>(_ work: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(with: Result { try work() }) }
    }
  }
}

extension ChangesetMaker {
  static var missing: DrillError {
    DrillError(
      .featureMissing, subject: "sqlite \(SQLiteEngine.version)",
      detail: "this SQLite was built without its session extension, which increments need; take full backups")
  }
}

/// Makes the increment of one shard: what makes of its predecessor what the store was at the cut.
struct IncrementMaker: Sendable {
  var shard: String
  /// The predecessor's file, and a copy of the store at the cut that is ours.
  var base: String
  var whole: String
  /// Positions, as in ``Cut/positions``.
  var from: String
  var to: String
  /// For what is not kept.
  var work: String
  /// Where the increment goes.
  var folder: String

  private var changes: String { "\(folder)/\(shard).changeset" }
  private var tables: String { "\(folder)/\(shard).tables.sqlite" }

  /// - Throws: `DrillError`: `reference-unavailable` where it takes a full backup; `artifact-io`, `io`.
  func make() throws -> [ArtifactFile] {
    do {
      let old = try wholePredecessor()
      try checkSchemas(old)
      let wanted = try content(of: whole)
      var copied: Set<String> = []
      while true {
        let files = try write(since: old, copying: &copied)
        let trial = "\(work)/\(shard).trial"
        try SealedDatabase.copyWhole(old, to: trial, shard: shard)
        defer { unlink(trial) }
        var odd: Set<String> = []
        let problems = try IncrementApplication(shard: shard, files: files).apply(to: trial) { odd.insert($0.table) }
        if problems.isEmpty {
          odd = try differing(try content(of: trial), wanted)
          if odd.isEmpty { return files }
        } else if odd.isEmpty || odd.contains("") {
          // Which table it is about is not told.
          odd = Set(try ChangesetFile.read(changes, shard: shard).tables.map(\.name))
        }
        guard !odd.isSubset(of: copied) else {
          throw refusal(
            "what changed cannot be told as an increment (\(odd.sorted().prefix(3).joined(separator: ", ")))")
        }
        copied.formUnion(odd)
        for path in [changes, tables] { unlink(path) }
      }
    } catch let failure as SQLiteFailure {
      throw failure.artifactError(shard)
    }
  }

  /// The predecessor where it lies; a copy, where a log beside it has to be applied first.
  private func wholePredecessor() throws -> String {
    guard !SealedDatabase(path: base, shard: shard).companions.isEmpty else { return base }
    let copy = "\(work)/\(shard).predecessor"
    try SealedDatabase.copyWhole(base, to: copy, shard: shard)
    return copy
  }

  private func refusal(_ detail: String) -> DrillError {
    DrillError(.referenceUnavailable, subject: shard, detail: "\(detail); take a full backup")
  }

  // MARK: What can be compared

  private func checkSchemas(_ old: String) throws {
    func schema(_ path: String) throws -> (objects: [String], encoding: String?) {
      let connection = try SQLiteConnection(path: path, access: .sealed)
      defer { connection.close() }
      let read = try DatabaseSchema(of: connection)
      if let unseen = read.unseen.first { throw refusal("\(unseen.name): \(unseen.detail)") }
      var objects: [String] = []
      // Statistics are no content, and come and go with ANALYZE.
      let rows = try connection.prepare(
        "SELECT type, name, tbl_name, coalesce(sql,'') FROM main.sqlite_schema WHERE name NOT LIKE 'sqlite_stat_'")
      while try rows.step() { objects.append((0..<4).map { rows.string($0) }.joined(separator: "\u{0}")) }
      return (objects.sorted(), try connection.text("PRAGMA encoding"))
    }
    let (before, after) = (try schema(old), try schema(whole))
    guard before == after else { throw refusal("its schema is not the predecessor's any more") }
  }

  // MARK: Making

  private func write(since old: String, copying copied: inout Set<String>) throws -> [ArtifactFile] {
    let connection = try SQLiteConnection(path: whole, access: .assembly)
    defer { connection.close() }
    let stored = try CopiedTables.all(of: connection)
    for table in stored where !table.isDiffable { copied.insert(table.name) }
    var whole = stored.filter { copied.contains($0.name) && !$0.columns.isEmpty }.map(\.copied)
    if (try connection.integer("SELECT count(*) FROM sqlite_schema WHERE name='sqlite_sequence'")) == 1 {
      whole.append(CopiedTables.sequence)
    }
    var numbers: [String: Int64] = [:]
    for number in SchemaObject.numbers { numbers[number] = try connection.integer("PRAGMA \(number)") ?? 0 }
    let header = ChangesetFile.Header(shard: shard, from: from, to: to, numbers: numbers, copied: whole)
    let attach = try connection.prepare("ATTACH ?1 AS firedrill_predecessor")
    // Sealed: neither locked nor changed, and nothing is made beside it.
    try attach.bind(1, text: (SQLiteConnection.uri(old) + "?immutable=1&mode=ro").utf8)
    try attach.run()
    try ChangesetFile.write(header, to: changes) { file in
      for table in stored where !copied.contains(table.name) {
        try ChangesetMaker.append(table.name, of: connection, since: "firedrill_predecessor", to: file)
      }
    }
    var files = [ArtifactFile(shard: shard, format: ChangesetFile.format, path: changes)]
    if !whole.isEmpty {
      try CopiedTables.write(whole, of: connection, header, to: tables)
      files.append(ArtifactFile(shard: shard, format: CopiedTables.format, path: tables))
    }
    return files
  }

  // MARK: Trying

  /// What a database holds, by namespace: a count and the sum of its records' digests.
  private struct Total: Equatable {
    var records = 0
    var sum = Sum256()
  }

  private func content(of path: String) throws -> [String: Total] {
    let connection = try SQLiteConnection(path: path, access: .sealed)
    defer { connection.close() }
    var totals: [String: Total] = [:]
    var hash = SHA256()
    let cursor = RowCursor(connection, try DatabaseSchema(of: connection), selection: .all)
    while let batch = try cursor.next() {
      var total = totals[batch.namespace] ?? Total()
      batch.bytes.withUnsafeBytes { bytes in
        for piece in batch.pieces {
          func part(_ offset: UInt32, _ count: UInt32) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(rebasing: bytes[Int(offset)..<Int(offset + count)])
          }
          if piece.begins {
            withUnsafeBytes(of: UInt64(piece.keyCount)) { hash.update($0) }
            hash.update(part(piece.keyOffset, piece.keyCount))
          }
          hash.update(part(piece.bodyOffset, piece.bodyCount))
          guard piece.ends else { continue }
          total.records += 1
          total.sum += Sum256(hash.finalize())
        }
      }
      totals[batch.namespace] = total
    }
    return totals
  }

  /// The tables that are not what they were at the cut; of a virtual table those that it is stored in.
  private func differing(_ made: [String: Total], _ wanted: [String: Total]) throws -> Set<String> {
    let namespaces = Set(made.keys).union(wanted.keys).filter { made[$0] != wanted[$0] }
    guard !namespaces.isEmpty else { return [] }
    // What a database declares has no namespace; the schemas were equal.
    guard !namespaces.contains("") else { throw refusal("what it declares did not come out as it was") }
    let connection = try SQLiteConnection(path: whole, access: .sealed)
    defer { connection.close() }
    let stored = try CopiedTables.all(of: connection).map(\.name)
    var odd: Set<String> = []
    for table in try DatabaseSchema(of: connection).tables where namespaces.contains(table.namespace) {
      if table.isVirtual {
        odd.formUnion(stored.filter { $0.lowercased().hasPrefix(table.name.lowercased() + "_") })
      } else {
        odd.insert(table.name)
      }
    }
    return odd
  }
}
