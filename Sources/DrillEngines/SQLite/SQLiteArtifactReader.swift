import DrillModel
import Foundation
import GRDBSQLite

/// Reads one sealed database file with the log or journal that lies beside it: its bytes, its own checks, what it declares, its
/// rows.
struct SQLiteArtifactReader {
  var file: ArtifactFile
  var selection: RecordSelection

  private var sealed: SealedDatabase { SealedDatabase(path: file.path, shard: file.shard) }

  func read(into handler: RecordHandler) throws -> ReadFacts {
    for path in [file.path] + sealed.companions.map({ file.path + $0 }) { try checkPlain(path) }
    do {
      return try readFile(handler)
    } catch let failure as SQLiteFailure {
      throw failure.artifactError(file.shard)
    }
  }

  private func checkPlain(_ path: String) throws {
    func refuse(_ detail: String) -> DrillError { DrillError(.artifactUnreadable, subject: file.shard, detail: detail) }
    var status = stat()
    guard lstat(path, &status) == 0 else { throw refuse("\(String(cString: strerror(errno)))") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw refuse("not a plain file") }
  }

  private func readFile(_ handler: RecordHandler) throws -> ReadFacts {
    var facts = ReadFacts()
    guard let (header, head) = try readBytes(&facts) else { return facts }
    do {
      let connection = try sealed.open()
      defer { connection.close() }
      try connection.setCache(kiB: 32 << 10)
      let schema = try DatabaseSchema(of: connection)
      var checks = DatabaseChecks(connection, schema: schema, pageSize: header.pageSize)
      try checks.checkIntegrity()
      if !checks.fullTextTables.isEmpty, checks.problems.isEmpty {
        let copy = try sealed.openCopy()
        defer { copy.close() }
        try checks.checkFullText(on: copy)
      }
      facts.problems += checks.problems
      facts.unseen = schema.unseen + checks.unseen
      guard facts.problems.isEmpty else { return facts }
      let foreignKeys = try DatabaseChecks.foreignKeys(of: connection)
      facts.problems += foreignKeys.problems
      facts.notes += foreignKeys.notes
      let cursor = RowCursor(connection, schema, selection: selection)
      facts.notes += schema.notes
      defer { facts.records = cursor.records }
      while let batch = try cursor.next() { try handler(batch) }
    } catch let failure as SQLiteFailure where failure.isDamage {
      facts.problems.append(damage(failure, header, head))
    }
    return facts
  }

  /// Reads every byte of the file and of what lies beside it; nil where they cannot be a database, and the facts then say why.
  private func readBytes(_ facts: inout ReadFacts) throws -> (header: DatabaseHeader, head: [UInt8])? {
    let connection = try SQLiteConnection(path: file.path, access: .sealed)
    defer { connection.close() }
    let stored = try DatabaseFile(of: connection)
    let head = try stored.readThrough()
    facts.bytesRead = stored.sizeBytes
    guard let header = DatabaseHeader(head) else {
      facts.problems.append(.init(.undecodable, offset: 0, detail: UnknownFile.words(for: head)))
      return nil
    }
    facts.formatVersion = Int(header.schemaFormat)
    facts.writer = header.writerName
    // Source: https://www.sqlite.org/fileformat2.html#file_format_version_numbers and #schema_format_number
    guard header.readVersion <= 2, header.schemaFormat <= 4 else {
      facts.problems.append(
        .init(.unsupportedVersion, offset: 18, detail: "a file format that this SQLite does not read"))
      return nil
    }
    for suffix in sealed.companions { try readCompanion(suffix, header, &facts) }
    guard facts.problems.isEmpty else { return nil }
    let whole = (header.pageCount ?? stored.sizeBytes / header.pageSize) * header.pageSize
    // Until its log or journal is applied, a database's size says nothing.
    guard sealed.companions.isEmpty else { return (header, head) }
    guard stored.sizeBytes >= whole else {
      let log = header.readVersion == 2 ? "; its -wal, which may hold the rest, is not beside it" : ""
      facts.problems.append(
        .init(
          .undecodable, offset: Int64(stored.sizeBytes),
          detail: "the file ends after \(stored.sizeBytes) of \(whole) bytes\(log)"))
      return nil
    }
    facts.bytesAfterEnd = stored.sizeBytes - whole
    return (header, head)
  }

  private func readCompanion(_ suffix: String, _ header: DatabaseHeader, _ facts: inout ReadFacts) throws {
    guard suffix == "-wal" else {
      facts.notes.append(
        "a -journal lies beside it: where its transaction had not ended, it was rolled back in a private copy")
      return
    }
    let log = try WriteAheadLog(path: file.path + suffix, subject: file.shard)
    func refuse(_ offset: UInt64, _ detail: String) {
      facts.problems.append(
        .init(.undecodable, offset: Int64(clamping: offset), detail: "the -wal beside it cannot be applied: \(detail)"))
    }
    if let refusal = log.refusal { return refuse(0, refusal) }
    guard log.pageSize == header.pageSize else {
      return refuse(
        8, "it is another database's, with pages of \(log.pageSize) bytes where this one's have \(header.pageSize)")
    }
    if let offset = log.damagedAt {
      return refuse(offset, "a frame in it does not verify, and transactions that were committed after it are lost")
    }
    facts.notes.append(
      "the -wal beside it was applied in a private copy: \(log.committedFrames) committed pages that the file alone may lack"
    )
    if log.unfinishedFrames > 0 {
      facts.notes.append(
        "\(log.unfinishedFrames) pages of an unfinished transaction in the -wal were not applied, as SQLite would not")
    }
  }

  /// What a database that cannot be read tells.
  private func damage(_ failure: SQLiteFailure, _ header: DatabaseHeader, _ head: [UInt8]) -> ReadFacts.Problem {
    if let words = UnknownFile.words(forPlainHead: head) {
      return .init(.undecodable, offset: Int64(DatabaseHeader.count), detail: words)
    }
    if header.writer > UInt32(clamping: sqlite3_libversion_number()), let writer = header.writerName {
      return .init(
        .unsupportedVersion, detail: "\(writer) wrote it, and SQLite \(SQLiteEngine.version) cannot read its schema")
    }
    let log =
      sealed.companions.contains("-wal") ? " (with the -wal beside it applied, which may be another database's)" : ""
    return .init(.undecodable, detail: failure.meaning + log)
  }
}
