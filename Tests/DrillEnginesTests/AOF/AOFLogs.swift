import DrillModel
import Foundation

@testable import DrillEngines

/// Logs that real servers write, as artifacts, and what is in them, in a form that can be compared and shown.
enum AOFLogs {
  /// A record with its unordered part in an order, for sets of them.
  struct Content: Hashable, CustomStringConvertible {
    var namespace: String
    var key: [UInt8]
    var kind: RecordKind
    var expiry: Int64
    var body: [UInt8]
    var elements: [[UInt8]]

    var description: String {
      func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.map { (0x20..<0x7f).contains($0) ? $0 : UInt8(ascii: ".") }, as: UTF8.self)
      }
      return "\(namespace) \(text(key)) \(kind) \(expiry) \(text(body)) \(elements.map(text))"
    }
  }

  static func contents(
    _ read: (RecordHandler) async throws -> ReadFacts
  ) async throws -> (records: Set<Content>, facts: ReadFacts) {
    var collection = Collection()
    let facts = try await read { try collection.take($0) }
    precondition(!collection.isOpen)
    let contents = collection.records.map { record in
      Content(
        namespace: record.kind == .library ? "" : record.namespace, key: record.key, kind: record.kind,
        expiry: record.expiry, body: record.body,
        elements: record.elements.sorted { $0.lexicographicallyPrecedes($1) })
    }
    precondition(Set(contents).count == contents.count, "a record that is there twice")
    return (Set(contents), facts)
  }

  static func contents(
    of artifact: ArtifactFile, upTo point: AOFPoint = .end, selection: RecordSelection = .all
  ) async throws -> (records: Set<Content>, facts: ReadFacts) {
    try await contents { try AOFReader().read(artifact, upTo: point, selection: selection, into: $0) }
  }

  static func contents(ofSnapshot path: String) async throws -> Set<Content> {
    try await contents {
      try RedisEngine().readArtifact(ArtifactFile(shard: "a", format: "rdb", path: path), selection: .all, into: $0)
    }.records
  }

  static func contents(ofServer path: String, password: Secret? = nil) async throws -> Set<Content> {
    let store = RedisStore(
      shards: [
        .init(
          name: "a", slots: .all, endpoint: .unix(path: path), credentials: RedisCredentials(password: password))
      ], topology: RedisFixture.topology, kind: .sandbox)
    return try await contents { try await store.readRecords(shard: "a", selection: .all, into: $0) }.records
  }

  /// Differences in words, a few of them.
  static func differences(_ a: Set<Content>, _ b: Set<Content>) -> String {
    let left = a.subtracting(b).map { "- \($0)" }.sorted().prefix(6)
    let right = b.subtracting(a).map { "+ \($0)" }.sorted().prefix(6)
    return (left + right).joined(separator: "\n")
  }

  /// Copies a running server's log into `folder`, as the artifact that it is.
  static func copy(_ redis: PrivateRedis, to folder: String) throws -> ArtifactFile {
    let files = FileManager.default
    let parts = redis.folder + "/appendonlydir"
    guard files.fileExists(atPath: parts) else {
      try files.copyItem(atPath: redis.folder + "/appendonly.aof", toPath: folder + "/appendonly.aof")
      return ArtifactFile(shard: "a", format: "aof", path: folder + "/appendonly.aof")
    }
    try files.copyItem(atPath: parts, toPath: folder + "/appendonlydir")
    return try artifact(folder + "/appendonlydir")
  }

  /// A folder of parts as an artifact.
  static func artifact(_ folder: String) throws -> ArtifactFile {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    let manifest = names.first { $0.hasSuffix(".manifest") } ?? ""
    return ArtifactFile(
      shard: "a", format: "aof-manifest", path: "\(folder)/\(manifest)",
      parts: names.filter { $0 != manifest }.map { "\(folder)/\($0)" })
  }

  /// Rewrites the log and waits until that is done.
  static func rewrite(_ redis: PrivateRedis) throws {
    _ = try redis.command("BGREWRITEAOF")
    for _ in 0..<6000 {
      guard case .bytes(let info) = try redis.command("INFO", "persistence") else { break }
      let text = String(decoding: info, as: UTF8.self)
      if text.contains("aof_rewrite_in_progress:0"), text.contains("aof_rewrite_scheduled:0") {
        guard text.contains("aof_last_bgrewrite_status:ok") else { break }
        return
      }
      usleep(5000)
    }
    throw PrivateRedis.Failure(detail: "the log was not rewritten")
  }

  /// A command as it stands in a log.
  static func encoded(_ words: String...) -> [UInt8] {
    words.reduce(into: Array("*\(words.count)\r\n".utf8)) { bytes, word in
      bytes += Array("$\(word.utf8.count)\r\n\(word)\r\n".utf8)
    }
  }
}
