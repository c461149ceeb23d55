import DrillCrypto
import DrillModel
import Foundation
import GRDB

/// The ledger's part that an archive shows, as an SQLite file for those who would rather query than read. It holds no secret and no details.
enum ExcerptDatabase {
  private static let schema = """
    CREATE TABLE export (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    -- Every leaf's hash; the statement of those that are shown.
    CREATE TABLE leaves (leaf INTEGER PRIMARY KEY, hash TEXT NOT NULL, kind TEXT, time TEXT, statement TEXT) STRICT;
    CREATE VIEW runs AS SELECT leaf, time,
      json_extract(statement, '$.body.run') AS run, json_extract(statement, '$.body.drill') AS drill,
      json_extract(statement, '$.body.cluster') AS cluster, json_extract(statement, '$.body.verdict') AS verdict,
      json_extract(statement, '$.body.level') AS level, json_extract(statement, '$.body.requiredLevel') AS required_level,
      json_extract(statement, '$.body.restoreMs') AS restore_ms, json_extract(statement, '$.body.startedAt') AS started_at,
      json_extract(statement, '$.body.finishedAt') AS finished_at
      FROM leaves WHERE kind = 'run' AND statement IS NOT NULL;
    """

  /// - Parameter folder: where a file may be for a moment.
  /// - Throws: `DrillError` with `io`.
  static func make(
    _ manifest: EvidenceManifest, _ hashes: [Digest], shown: [Int: RawLeaf], in folder: String
  ) throws -> [UInt8] {
    let path = "\(folder)/excerpt-\(UInt64.random(in: 0 ... .max)).sqlite"
    defer { unlink(path) }
    do {
      let queue = try DatabaseQueue()
      try queue.write { db in
        try db.execute(sql: schema)
        let facts = [
          ("log", manifest.log), ("size", "\(manifest.size)"), ("root", manifest.root.hex),
          ("from", "\(manifest.from)"), ("to", "\(manifest.to)"),
          ("clusters", manifest.clusters.joined(separator: ", ")),
        ]
        for (name, value) in facts {
          try db.execute(sql: "INSERT INTO export VALUES (?, ?)", arguments: [name, value])
        }
        let insert = try db.makeStatement(sql: "INSERT INTO leaves VALUES (?, ?, ?, ?, ?)")
        for (number, hash) in hashes.enumerated() {
          let leaf = shown[number]
          try insert.execute(arguments: [
            number, hash.hex, leaf?.kind.rawValue, leaf.map { "\($0.time)" },
            leaf.map { String(decoding: $0.statement, as: UTF8.self) },
          ])
        }
      }
      try queue.writeWithoutTransaction { db in try db.execute(sql: "VACUUM INTO ?", arguments: [path]) }
      return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw DrillError(.io, subject: path, detail: "the ledger's excerpt cannot be made: \(error)", underlying: error)
    }
  }
}
