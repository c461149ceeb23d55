import Foundation
import GRDB

/// Changes rows of a backup's database files by plain SQL: valid files with wrong contents.
struct BackupRows {
  let paths: [String]

  /// Runs `sql` on every file, and returns how many rows it changed in all.
  @discardableResult
  func execute(_ sql: String, _ arguments: [Int64] = []) throws -> Int {
    try paths.reduce(0) { total, path in
      let queue = try DatabaseQueue(path: path)
      defer { try? queue.close() }
      return try queue.write { database in
        try database.execute(sql: sql, arguments: StatementArguments(arguments))
        return total + database.changesCount
      }
    }
  }

  /// All rows of one or two whole numbers that `sql` selects, over all files.
  func integers(_ sql: String) throws -> [[Int64]] {
    try paths.flatMap { path in
      let queue = try DatabaseQueue(path: path)
      defer { try? queue.close() }
      return try queue.read {
        try Row.fetchAll($0, sql: sql).map { row in Array(row.databaseValues).compactMap { Int64.fromDatabaseValue($0) }
        }
      }
    }
  }
}

extension DrillBench {
  /// The rows of the backup itself.
  func rows() throws -> BackupRows { BackupRows(paths: try dataArtifacts().map(path)) }
  /// The rows of a live cluster's files.
  func liveRows(_ place: String = "live") -> BackupRows {
    BackupRows(paths: (0..<CapturedShop.shards).map { "\(folder)/\(place)/shard-\($0).db" })
  }
}
