import DrillEngines
import DrillModel
import Firedrill
import Foundation

/// One database that an application or another project made, as the only shard of a cluster, captured and sealed; with a place to drill it in.
enum ForeignDatabase {
  /// Captures the files at `paths` (a shard each, named `s0`, `s1`, …), and hands a bench with the backup to `body`. The files are copied first.
  static func withBackup<R: Sendable>(
    of paths: [String], cluster more: [String] = [], files: [String: String] = [:],
    _ body: (DrillBench) async throws -> R
  ) async throws -> R {
    try await TemporaryFolder.with { home in
      var lines = ["cluster: shop", "engine: sqlite", "files:"]
      for (index, path) in paths.enumerated() {
        let copy = "\(home)/s\(index).db"
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: copy)
        lines.append("  - {shard: s\(index), path: s\(index).db}")
      }
      lines += ["capture: {cut: coherent, max_pause: 60s}"] + more
      try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: home + "/shop.yaml"))
      for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(home)/\(name)")) }
      _ = try Firedrill.keygen(out: home + "/seal")
      try FileManager.default.createDirectory(atPath: home + "/backups", withIntermediateDirectories: false)
      let sealed = try await Firedrill.capture(cluster: home + "/shop.yaml", to: home + "/backups", key: home + "/seal")
      return try await body(DrillBench(folder: home, backup: sealed.manifest.backup))
    }
  }

  /// Makes a database out of statements, in a folder of its own for the time of `body`.
  static func with<R: Sendable>(_ statements: [String], _ body: (String) async throws -> R) async throws -> R {
    try await TemporaryFolder.with { folder in
      let path = folder + "/made.db"
      try execute(statements, on: path)
      return try await body(path)
    }
  }

  /// Makes a database and, in its log alone, what `later` adds; hands the path of a copy of both to `body`.
  static func withHotCopy(_ setup: [String], _ later: [String], _ body: (String) throws -> Void) throws {
    let folder = try TemporaryFolder.make()
    defer { TemporaryFolder.remove(folder) }
    let live = try SQLiteConnection(path: folder + "/live", access: .creator)
    defer { live.close() }
    for statement in setup + later { try live.execute(statement) }
    for suffix in ["", "-wal"] {
      try FileManager.default.copyItem(atPath: folder + "/live" + suffix, toPath: folder + "/hot" + suffix)
    }
    try body(folder + "/hot")
  }

  static func execute(_ statements: [String], on path: String) throws {
    let connection = try SQLiteConnection(path: path, access: .creator)
    defer { connection.close() }
    for statement in statements { try connection.execute(statement) }
  }
}

extension DrillBench {
  /// Changes the backup's first artifact by SQL and seals it so: what a backup job does that stores wrong data.
  func plant(_ statements: [String]) throws {
    let artifact = try dataArtifacts()[0]
    // Out of WAL mode first, so that the file is the whole database when it is sealed.
    try ForeignDatabase.execute(["PRAGMA journal_mode=DELETE"] + statements, on: path(of: artifact))
    try reseal()
  }
}
