import DrillCrypto
import DrillModel
import Firedrill
import Foundation
import GRDB

/// A catalog of small backups made by hand, each with the records that a test is about.
struct KeptBackups {
  let folder: String
  let key: SigningKey
  /// The public key's path.
  let trusted: String
  var catalog: String { folder + "/backups" }

  static func with<R: Sendable>(_ body: (KeptBackups) async throws -> R) async throws -> R {
    try await TemporaryFolder.with { folder in
      let pair = try Firedrill.keygen(out: folder + "/seal")
      try FileManager.default.createDirectory(atPath: folder + "/backups", withIntermediateDirectories: false)
      return try await body(
        KeptBackups(folder: folder, key: try KeyFile.readSigningKey(folder + "/seal"), trusted: pair.publicKey))
    }
  }

  static func id(_ day: Int, cluster: String = "shop") -> String { "\(cluster)-2026010\(day)T000000Z-00000\(day)" }
  static func cut(_ day: Int) -> Instant {
    Instant(millisecondsSince1970: 1_767_225_600_000 + Int64(day - 1) * 86_400_000)
  }

  func path(_ day: Int, _ artifact: String, cluster: String = "shop") -> String {
    "\(catalog)/\(KeptBackups.id(day, cluster: cluster))/\(artifact)"
  }

  /// A record as a Redis file holds it.
  struct Entry {
    var key: [UInt8]
    var value: String
    var expiry: Int64?
    init(_ key: [UInt8], _ value: String, expiry: Int64? = nil) {
      self.key = key
      self.value = value
      self.expiry = expiry
    }
    init(_ key: String, _ value: String, expiry: Int64? = nil) { self.init(Array(key.utf8), value, expiry: expiry) }
  }

  /// Seals a backup of strings by database and shard.
  func addRedis(
    _ day: Int, _ shards: [String: [Int: [Entry]]], kind: Manifest.Kind = .full, sealedWith other: SigningKey? = nil
  ) throws {
    let files = shards.mapValues { KeptBackups.rdb($0) }
    try add(day, "shop", "redis", "rdb", files, kind: kind, key: other ?? key)
  }

  /// Seals a backup of one SQLite file that `sql` makes.
  func addSQLite(_ day: Int, _ sql: String) throws {
    let path = "\(folder)/made-\(day).sqlite"
    let queue = try DatabaseQueue(path: path)
    try queue.write { try $0.execute(sql: sql) }
    try queue.close()
    try add(
      day, "books", "sqlite", "sqlite", ["only": Array(try Data(contentsOf: URL(fileURLWithPath: path)))], kind: .full,
      key: key)
  }

  private func add(
    _ day: Int, _ cluster: String, _ engine: String, _ format: String, _ files: [String: [UInt8]], kind: Manifest.Kind,
    key: SigningKey
  ) throws {
    let id = KeptBackups.id(day, cluster: cluster)
    try FileManager.default.createDirectory(atPath: "\(catalog)/\(id)", withIntermediateDirectories: false)
    var artifacts: [Artifact] = []
    for (shard, bytes) in files.sorted(by: { $0.key < $1.key }) {
      let name = "\(shard).\(format)"
      try Data(bytes).write(to: URL(fileURLWithPath: "\(catalog)/\(id)/\(name)"))
      artifacts.append(
        Artifact(
          name: name, role: .data, shard: shard, format: format, sizeBytes: UInt64(bytes.count),
          digest: SHA256.digest(bytes)))
    }
    let manifest = Manifest(
      backup: id, cluster: cluster, engine: engine, engineVersion: "7.0.15", kind: kind,
      predecessor: kind == .full
        ? nil : .init(backup: KeptBackups.id(day - 1, cluster: cluster), manifest: SHA256.digest([])),
      since: kind == .full ? nil : files.mapValues { _ in "\(day - 1)" },
      cut: Cut(
        time: KeptBackups.cut(day), coherence: .perShard, positions: files.mapValues { _ in "\(day)" }, proof: []),
      scope: .init(),
      topology: Topology(epoch: 1, shards: files.keys.sorted().map { .init(name: $0, slots: .all) }, mapsSlots: false),
      artifacts: artifacts)
    try Data(try SealedManifest.seal(manifest, with: key).envelope).write(
      to: URL(fileURLWithPath: "\(catalog)/\(id)/manifest.dsse.json"))
  }

  /// An RDB file of strings, its checksum disabled. Source: redis 7.0 src/rdb.h, src/rdb.c `rdbSaveLen`.
  static func rdb(_ databases: [Int: [Entry]]) -> [UInt8] {
    var bytes = Array("REDIS0010".utf8)
    func append(_ text: [UInt8]) {
      if text.count < 64 {
        bytes.append(UInt8(text.count))
      } else {
        bytes.append(0x80)
        bytes += withUnsafeBytes(of: UInt32(text.count).bigEndian) { Array($0) }
      }
      bytes += text
    }
    for (database, entries) in databases.sorted(by: { $0.key < $1.key }) {
      bytes += [0xFE, UInt8(database)]
      for entry in entries {
        if let expiry = entry.expiry { bytes += [0xFC] + withUnsafeBytes(of: expiry.littleEndian) { Array($0) } }
        bytes.append(0)
        append(entry.key)
        append(Array(entry.value.utf8))
      }
    }
    return bytes + [0xFF] + [UInt8](repeating: 0, count: 8)
  }
}
