import DrillCrypto
import DrillEngines
import DrillModel
import Foundation

/// Runs `body` with a fresh folder that is gone afterwards.
func withSQLiteFolder<R>(_ body: (String) async throws -> R) async throws -> R {
  let folder = NSTemporaryDirectory() + "sqlite-tests-" + UUID().uuidString
  try FileManager.default.createDirectory(
    atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try await body(folder)
}

/// Makes a database out of statements and returns it as an artifact.
@discardableResult
func makeDatabase(_ path: String, shard: String = "a", _ statements: String...) throws -> ArtifactFile {
  let connection = try SQLiteConnection(path: path, access: .creator)
  defer { connection.close() }
  for statement in statements { try connection.execute(statement) }
  return ArtifactFile(shard: shard, format: "sqlite", path: path)
}

/// One record, its pieces put together.
struct TestRow: Hashable {
  var namespace: String
  var key: [UInt8]
  var body: [UInt8]
  var slot: Slot
}

/// Puts records together again and adds up their digests, in whatever order they come.
struct RowFold {
  private(set) var records: [TestRow] = []
  /// What the database declares, by label.
  private(set) var libraries: [String: [UInt8]] = [:]
  private(set) var count = 0
  private(set) var sum = Sum256()
  private(set) var largestBatch = 0
  private(set) var pieces = 0
  private var keeps: Bool
  private var hash = SHA256()
  private var isOpen = false
  private var bodyCount = 0

  init(keepsRecords: Bool = true) { keeps = keepsRecords }

  mutating func add(_ batch: RecordBatch) {
    largestBatch = max(largestBatch, batch.bytes.count)
    for piece in batch.pieces {
      pieces += 1
      let key = batch.bytes[Int(piece.keyOffset)..<Int(piece.keyOffset + piece.keyCount)]
      let body = batch.bytes[Int(piece.bodyOffset)..<Int(piece.bodyOffset + piece.bodyCount)]
      if piece.kind == .library {
        libraries[String(decoding: key, as: UTF8.self)] = Array(body)
        continue
      }
      precondition(piece.begins == !isOpen && piece.kind == .row, "a piece out of order")
      if piece.begins {
        hash.update(Array(batch.namespace.utf8) + [0] + key)
        if keeps {
          records.append(TestRow(namespace: batch.namespace, key: Array(key), body: [], slot: piece.slot))
        }
      }
      hash.update(Array(body))
      if keeps { records[records.count - 1].body += body }
      isOpen = !piece.ends
      if piece.ends {
        sum += Sum256(hash.finalize())
        count += 1
      }
    }
  }

  /// Namespace, key, body and slot of each record, whatever the order in which they came.
  var content: Set<TestRow> { Set(records) }
}

func readRows(
  _ file: ArtifactFile, _ selection: RecordSelection = .all, keepsRecords: Bool = true
) throws -> (fold: RowFold, facts: ReadFacts) {
  var fold = RowFold(keepsRecords: keepsRecords)
  let facts = try SQLiteEngine().readArtifact(file, selection: selection) { fold.add($0) }
  return (fold, facts)
}

func readRows(_ store: any Store) async throws -> RowFold {
  var fold = RowFold()
  for shard in store.shards {
    _ = try await store.readRecords(shard: shard, selection: .all) { fold.add($0) }
  }
  return fold
}

/// The body of the one record whose key this is.
func rowBody(of key: [UInt8], in fold: RowFold) -> [UInt8]? { fold.records.first { $0.key == key }?.body }

func rowKey(_ values: Int64...) -> [UInt8] {
  values.reduce(into: []) { $0.appendInteger($1) }
}

/// Waits until `condition` holds, for half a minute at most.
func waitUntilTrue(_ condition: () async throws -> Bool) async throws -> Bool {
  let deadline = ContinuousClock.now + .seconds(30)
  while ContinuousClock.now < deadline {
    if try await condition() { return true }
    await Task.yield()
  }
  return false
}

func drillErrorCode(_ body: () async throws -> Void) async -> DrillError.Code? {
  do {
    try await body()
    return nil
  } catch {
    return (error as? DrillError)?.code
  }
}
