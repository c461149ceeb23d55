import DrillModel
import Foundation
import GRDBSQLite

/// Reads one sealed database file: its bytes, its own checks, its rows.
struct SQLiteArtifactReader {
  var file: ArtifactFile
  var selection: RecordSelection

  func read(into handler: RecordHandler) throws -> ReadFacts {
    try checkAlone()
    do {
      return try readFile(handler)
    } catch let failure as SQLiteFailure {
      throw failure.artifactError(file.shard)
    }
  }

  /// The file has to be a plain file, and the whole database: a log beside it may hold committed transactions that the
  /// file lacks.
  private func checkAlone() throws {
    func refuse(_ detail: String) -> DrillError { DrillError(.artifactUnreadable, subject: file.shard, detail: detail) }
    var status = stat()
    guard lstat(file.path, &status) == 0 else { throw refuse("\(String(cString: strerror(errno)))") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw refuse("not a plain file") }
    for suffix in ["-wal", "-journal"] where lstat(file.path + suffix, &status) == 0 && status.st_size > 0 {
      throw refuse(
        "a \(suffix) file lies beside it, so that it is not the whole database; read it as a live cluster"
      )
    }
  }

  private func readFile(_ handler: RecordHandler) throws -> ReadFacts {
    var facts = ReadFacts()
    func damaged(_ offset: Int64?, _ detail: String) -> ReadFacts {
      facts.problems.append(.init(.undecodable, offset: offset, detail: detail))
      return facts
    }
    let connection = try SQLiteConnection(path: file.path, access: .sealed)
    defer { connection.close() }
    let stored = try DatabaseFile(of: connection)
    let head = try stored.readThrough()
    facts.bytesRead = stored.sizeBytes
    guard let header = DatabaseHeader(head) else {
      return damaged(0, stored.sizeBytes == 0 ? "the file is empty" : "not an SQLite database")
    }
    facts.formatVersion = Int(header.schemaFormat)
    facts.writer = header.writerName
    // Source: https://www.sqlite.org/fileformat2.html#file_format_version_numbers and #schema_format_number
    guard header.readVersion <= 2, header.schemaFormat <= 4 else {
      facts.problems.append(
        .init(.unsupportedVersion, offset: 18, detail: "a file format that this SQLite does not read"))
      return facts
    }
    let whole = (header.pageCount ?? stored.sizeBytes / header.pageSize) * header.pageSize
    guard stored.sizeBytes >= whole else {
      return damaged(Int64(stored.sizeBytes), "the file ends after \(stored.sizeBytes) of \(whole) bytes")
    }
    facts.bytesAfterEnd = stored.sizeBytes - whole
    do {
      try connection.setCache(kiB: 32 << 10)
      facts.problems += try DatabaseChecks.integrity(of: connection, pageSize: header.pageSize)
      guard facts.problems.isEmpty else { return facts }
      let foreignKeys = try DatabaseChecks.foreignKeys(of: connection)
      facts.problems += foreignKeys.problems
      facts.notes += foreignKeys.notes
      let cursor = try RowCursor(connection, selection: selection)
      facts.notes += cursor.notes
      defer { facts.records = cursor.records }
      while let batch = try cursor.next() { try handler(batch) }
    } catch let failure as SQLiteFailure where failure.isDamage || failure.primaryCode == SQLITE_ERROR {
      // SQLITE_ERROR on statements of our own: a schema that does not parse.
      return damaged(nil, failure.primaryCode == SQLITE_ERROR ? "the schema cannot be read" : failure.meaning)
    }
    return facts
  }
}
