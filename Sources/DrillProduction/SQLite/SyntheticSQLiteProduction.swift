import DrillEngines
public import DrillModel
import Foundation

/// A made-up production on SQLite files: customers with their orders and sessions, as documents and typed columns,
/// spread over shards by customer.
///
/// | table | key | what it has of note |
/// |---|---|---|
/// | `customers` | `customer_id` INTEGER PRIMARY KEY | JSON document, real, nullable blob, two indexes |
/// | `orders` | `customer_id, order_no` | JSON document, foreign key, index on status and time |
/// | `sessions` | `customer_id, session_id` (blob), WITHOUT ROWID | JSON document, expiry, index on it |
/// | `customers_deleted`, … | the same keys | tombstones with the version of the deletion |
///
/// Every table has a `version` column out of one counter that only grows. A customer's rows share a slot, since all
/// keys begin with `customer_id`, and so a shard. The same seed gives the same contents, and the same calls of
/// ``churn(changes:seed:)`` after it the same changes. It judges nothing.
public actor SyntheticSQLiteProduction {
  /// What a cluster file would say of it.
  public nonisolated let cluster: ClusterDescription
  private nonisolated let executor: QueueExecutor
  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  private let shards: [ProductionShard]
  private let owners: [Int]
  private var version: Int64 = 0
  private var customers: Int64 = 0

  /// Makes `count` shards named `shard-0` on in `folder`, which has to be there, and fills them with `records` rows in
  /// all.
  ///
  /// - Throws: `DrillError` with `io` where a file cannot be made or is there already.
  public static func make(
    in folder: String, seed: UInt64, records: Int = 300_000, shards count: Int = 4, name: String = "shop"
  ) async throws -> SyntheticSQLiteProduction {
    let production = try SyntheticSQLiteProduction(folder: folder, count: count, name: name)
    try await production.fill(records: records, seed: seed)
    return production
  }

  private init(folder: String, count: Int, name: String) throws {
    precondition((1...Slot.count).contains(count), "1 to \(Slot.count) shards")
    let bounds = (0...count).map { $0 * Slot.count / count }
    let files = (0..<count).map { index in
      ClusterDescription.ShardFile(
        name: "shard-\(index)", path: "\(folder)/shard-\(index).db",
        slots: SlotSet(bounds[index]...(bounds[index + 1] - 1)))
    }
    for file in files where FileManager.default.fileExists(atPath: file.path) {
      throw DrillError(.io, subject: file.name, detail: "a production is made new, and this file is there already")
    }
    cluster = ClusterDescription(
      name: name, engine: "sqlite", files: files, versionColumns: ["*": "version"],
      tombstones: ["customers": "customers_deleted", "orders": "orders_deleted", "sessions": "sessions_deleted"],
      capture: CapturePlan(coherence: .coherent))
    executor = QueueExecutor(label: "firedrill.production")
    shards = try files.map { try ProductionShard(path: $0.path, name: $0.name) }
    owners = bounds.dropLast().enumerated().flatMap {
      Array(repeating: $0.offset, count: bounds[$0.offset + 1] - $0.element)
    }
  }

  /// Rows in all tables of all shards, tombstones included.
  public func recordCount() throws -> Int { try shards.reduce(0) { $0 + (try $1.recordCount()) } }

  /// How many changes of each kind a ``churn(changes:seed:)`` made.
  public struct Changes: Hashable, Sendable {
    public var inserted = 0
    public var updated = 0
    public var deleted = 0
    public init() {}
  }

  /// Goes on as production does: inserts, updates and deletions (which leave tombstones) of random customers' rows,
  /// each in a transaction of its own.
  ///
  /// May be called again and again, also while a capture runs.
  ///
  /// - Throws: `DrillError` with `timed-out` where a shard stays locked for half a minute.
  @discardableResult
  public func churn(changes: Int, seed: UInt64) throws -> Changes {
    var random = SeededGenerator(seed: seed)
    var made = Changes()
    for _ in 0..<changes {
      let roll = random.index(below: 100)
      // One in fifty of the changes brings a new customer; the others are about one that there is, or was.
      let id = roll < 2 ? customers + 1 : Int64(random.index(below: Int(max(customers, 1)))) + 1
      if roll < 2 { customers = id }
      let shard = shard(of: id)
      try shard.transaction {
        switch roll {
        case 0..<2:
          try shard.putCustomer(id, nextVersion(), &random)
          made.inserted += 1
        case 2..<17 where try shard.hasCustomer(id):
          try shard.putCustomer(id, nextVersion(), &random)
          made.updated += 1
        case 17..<32 where try shard.hasCustomer(id):
          try shard.putOrder(id, try shard.lastOrder(of: id) + 1, nextVersion(), &random)
          made.inserted += 1
        case 32..<62:
          guard let order = try shard.someOrder(of: id, &random) else { break }
          try shard.putOrder(id, order, nextVersion(), &random)
          made.updated += 1
        case 62..<72:
          guard let order = try shard.someOrder(of: id, &random) else { break }
          try shard.deleteOrder(id, order, nextVersion())
          made.deleted += 1
        case 72..<85 where try shard.hasCustomer(id):
          try shard.putSession(id, nextVersion(), &random)
          made.inserted += 1
        case 85..<97:
          guard let session = try shard.someSession(of: id, &random) else { break }
          try shard.deleteSession(id, session, nextVersion())
          made.deleted += 1
        case 97..<100 where try shard.hasCustomer(id):
          made.deleted += try shard.deleteCustomer(id, nextVersion)
        default: break
        }
      }
    }
    return made
  }

  /// Closes the files; the production must not be used any more.
  public func close() {
    for shard in shards { shard.close() }
  }

  private func fill(records: Int, seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for shard in shards { try shard.begin() }
    var made = 0
    while made < records {
      customers += 1
      let shard = shard(of: customers)
      try shard.putCustomer(customers, nextVersion(), &random)
      made += 1
      // Few customers have many orders: 0 to 8, about 4 on average.
      let orders = min(random.index(below: 9), records - made)
      for number in 0..<orders { try shard.putOrder(customers, Int64(number) + 1, nextVersion(), &random) }
      made += orders
      let sessions = min(random.index(below: 6), records - made)
      for _ in 0..<sessions { try shard.putSession(customers, nextVersion(), &random) }
      made += sessions
    }
    for shard in shards { try shard.commit() }
  }

  private func nextVersion() -> Int64 {
    version += 1
    return version
  }

  private func shard(of customer: Int64) -> ProductionShard {
    var key: [UInt8] = []
    key.appendInteger(customer)
    return shards[owners[Int(SQLiteEngine().slot(ofKey: key).rawValue)]]
  }
}
