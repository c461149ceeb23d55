internal import DrillCrypto
internal import DrillModel
internal import Foundation

@testable import DrillEngines
@testable import DrillEvidence
@testable import Firedrill

/// Beginnings for the fuzzers, as real programs write them: backups, increments and change streams of real SQLite files
/// and of a real Redis Cluster under writes, and the evidence of the drills of them.
///
/// What `redis-server` writes by itself, and files that people write, Fuzz/run.sh adds.
struct Seeds {
  /// Of the database that changesets are applied to as well.
  static let schema = [
    "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b TEXT)",
    "CREATE TABLE w(a, b, c, PRIMARY KEY(b, a)) WITHOUT ROWID",
    "CREATE TABLE v(k TEXT PRIMARY KEY COLLATE NOCASE, x REAL)", "CREATE TABLE n(a, b)",
  ]
  static let rows = [
    "INSERT INTO t VALUES (1,1,'x'),(2,2.5,'y'),(3,NULL,'z')", "INSERT INTO w VALUES (1,1,1),(1,2,2)",
    "INSERT INTO v VALUES ('abc', 1.5), ('d', -0.0)", "INSERT INTO n VALUES (1, x'01'), (1, NULL)",
  ]
  private static let changes = [
    "INSERT INTO t VALUES (4, x'00ff', '')", "UPDATE t SET a=9 WHERE id=1", "DELETE FROM t WHERE id=2",
    "UPDATE w SET c='new' WHERE b=2", "DELETE FROM w WHERE b=1", "INSERT INTO w VALUES ('x','y',NULL)",
    "UPDATE v SET x=2 WHERE k='d'", "INSERT INTO n VALUES (NULL, 'n')", "PRAGMA user_version=3",
  ]

  let folder: String
  private var work: String { folder + "/work" }

  func make() async throws {
    try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
    _ = try Firedrill.keygen(out: work + "/key", kind: .p256)
    try await increments()
    let ledger = work + "/ledger.sqlite"
    for (name, production) in [
      ("files", "{engine: sqlite, shards: 2, records: 60, changes: 40}"),
      ("cluster", "{engine: redis, shards: 3, replicas: 0, records: 90, writes_per_second: 100}"),
    ] {
      try write(
        """
        drill: \(name)
        production: \(production)
        catalog: \(name)
        \(name == "cluster" ? "capture: {follow: true}" : "")
        reference: captured
        level: content

        """, to: name + ".yaml")
      _ = try await Firedrill.run(drill: "\(work)/\(name).yaml", options: RunOptions(ledger: ledger))
    }
    let now = Instant.now
    _ = try await Firedrill.exportEvidence(
      EvidenceOrder(
        ledger: ledger, from: now.advanced(by: -86_400_000), to: now.advanced(by: 1000), key: work + "/key",
        output: work + "/evidence.tar"), at: now.advanced(by: 1000))
    for name in try FileManager.default.subpathsOfDirectory(atPath: work) {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: "\(work)/\(name)", isDirectory: &isFolder), !isFolder.boolValue,
        let bytes = FileManager.default.contents(atPath: "\(work)/\(name)")
      else { continue }
      try keep(Array(bytes))
    }
    try FileManager.default.removeItem(atPath: work)
  }

  private func increments() async throws {
    let database = try SQLiteConnection(path: work + "/shop.sqlite", access: .creator)
    for statement in Seeds.schema + Seeds.rows { try database.execute(statement) }
    try write("cluster: shop\nengine: sqlite\nfiles: [{shard: shard-0, path: shop.sqlite}]\n", to: "shop.yaml")
    try FileManager.default.createDirectory(atPath: work + "/shop", withIntermediateDirectories: true)
    let full = try await capture(on: nil)
    for statement in Seeds.changes { try database.execute(statement) }
    _ = try await capture(on: full)
    database.close()
  }

  private func capture(on predecessor: String?) async throws -> String {
    try await Firedrill.capture(
      cluster: work + "/shop.yaml", to: work + "/shop", key: work + "/key", on: predecessor,
      trust: [work + "/key.pub"]
    ).manifest.backup
  }

  private func write(_ text: String, to name: String) throws {
    try text.write(toFile: "\(work)/\(name)", atomically: false, encoding: .utf8)
  }

  // MARK: Sorting

  /// Gives a file to the targets whose readers it is for; by what it holds, since names differ.
  private func keep(_ bytes: [UInt8]) throws {
    if let envelope = try? Envelope(parsing: bytes) {
      try keep(bytes, for: .dsse)
      try keep(envelope.payload, for: .manifest)
    } else if bytes.starts(with: "REDIS".utf8) {
      try keep(bytes, for: .rdb)
    } else if bytes.starts(with: StreamAnnotation.mark) {
      try keep(bytes, for: .stream)
      for line in bytes.split(separator: 0x0A) where line.starts(with: StreamAnnotation.mark) {
        try keep([7] + line, for: .texts)
      }
    } else if bytes.starts(with: "firedrill changeset".utf8), let end = bytes.firstIndex(of: 0x0A) {
      try keep(Array(bytes[(end + 1)...]), for: .changeset)
    } else if bytes.starts(with: "-----BEGIN PUBLIC".utf8) {
      try keep([0] + bytes, for: .keys)
      try keep([5] + bytes, for: .keys)
    } else if let entries = try? TarArchive.decode(bytes).entries {
      try keep(bytes, for: .evidence)
      for entry in entries where entry.bytes.count < 1 << 16 {
        let kinds: [(String, UInt8)] = [("SHA256SUMS", 1), ("hashes.txt", 2), ("/proofs/", 3), ("checkpoint", 4)]
        for (part, kind) in kinds where entry.name.contains(part) { try keep([kind] + entry.bytes, for: .texts) }
        if entry.name == EvidenceFile.sums { try keep([0] + entry.bytes, for: .texts) }
        if entry.name.hasSuffix(".json"), (try? Envelope(parsing: entry.bytes)) == nil {
          try keep(entry.bytes, for: .manifest)
        }
      }
    }
  }

  private func keep(_ bytes: [UInt8], for target: FuzzTarget) throws {
    let place = "\(folder)/\(target.rawValue)"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: "\(place)/\(SHA256.digest(bytes).short)"))
  }
}
