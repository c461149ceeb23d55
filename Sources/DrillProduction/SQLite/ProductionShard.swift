import DrillEngines
import DrillModel

/// One file of a made-up production, with the statements that change it.
final class ProductionShard {
  private static let schema = """
    CREATE TABLE customers(
      customer_id INTEGER PRIMARY KEY, email TEXT NOT NULL, country TEXT NOT NULL, balance REAL, avatar BLOB,
      document TEXT NOT NULL, version INTEGER NOT NULL);
    CREATE INDEX customers_by_country ON customers(country, customer_id);
    CREATE INDEX customers_by_email ON customers(email);
    CREATE TABLE orders(
      customer_id INTEGER NOT NULL REFERENCES customers(customer_id), order_no INTEGER NOT NULL, status TEXT NOT NULL,
      placed_at INTEGER NOT NULL, total_cents INTEGER NOT NULL, document TEXT NOT NULL, version INTEGER NOT NULL,
      PRIMARY KEY(customer_id, order_no));
    CREATE INDEX orders_by_status ON orders(status, placed_at);
    CREATE TABLE sessions(
      customer_id INTEGER NOT NULL REFERENCES customers(customer_id), session_id BLOB NOT NULL,
      expires_at INTEGER NOT NULL, document TEXT NOT NULL, version INTEGER NOT NULL,
      PRIMARY KEY(customer_id, session_id)) WITHOUT ROWID;
    CREATE INDEX sessions_by_expiry ON sessions(expires_at);
    CREATE TABLE customers_deleted(customer_id INTEGER PRIMARY KEY, version INTEGER NOT NULL);
    CREATE TABLE orders_deleted(
      customer_id INTEGER NOT NULL, order_no INTEGER NOT NULL, version INTEGER NOT NULL,
      PRIMARY KEY(customer_id, order_no)) WITHOUT ROWID;
    CREATE TABLE sessions_deleted(
      customer_id INTEGER NOT NULL, session_id BLOB NOT NULL, version INTEGER NOT NULL,
      PRIMARY KEY(customer_id, session_id)) WITHOUT ROWID;
    """
  private static let tables = [
    "customers", "orders", "sessions", "customers_deleted", "orders_deleted", "sessions_deleted",
  ]
  private static let countries = ["DE", "FR", "US", "JP", "BR", "IN", "NG", "SE", "CA", "ID"]
  private static let statuses = ["new", "paid", "packed", "sent", "delivered", "returned"]
  private static let goods = ["lamp", "chair", "kettle", "rope", "tent", "bell", "jacket", "zither", "brick", "wheel"]
  private static let devices = ["phone", "tablet", "desktop", "watch"]
  /// 2026-01-01T00:00:00Z: a made-up production knows no other clock than this and its versions.
  private static let epoch: Int64 = 1_767_225_600

  private let name: String
  private let connection: SQLiteConnection
  private var statements: [String: SQLiteStatement] = [:]

  init(path: String, name: String) throws {
    self.name = name
    do {
      connection = try SQLiteConnection(path: path, access: .creator)
      connection.waitForLocks(.seconds(30))
      try connection.setCache(kiB: 32 << 10)
      try connection.execute("PRAGMA journal_mode=WAL")
      try connection.execute("PRAGMA synchronous=NORMAL")
      try connection.execute(Self.schema)
    } catch let failure as SQLiteFailure {
      throw DrillError(.io, subject: name, detail: failure.meaning, underlying: failure)
    }
  }

  func close() {
    statements = [:]
    connection.close()
  }

  // MARK: Transactions

  func begin() throws { try attempt { try connection.execute("BEGIN IMMEDIATE") } }
  func commit() throws { try attempt { try connection.execute("COMMIT") } }

  func transaction(_ body: () throws -> Void) throws {
    try begin()
    do {
      try body()
      try commit()
    } catch {
      try? connection.execute("ROLLBACK")
      throw error
    }
  }

  private func attempt<R>(_ body: () throws -> R) throws -> R {
    do { return try body() } catch let failure as SQLiteFailure {
      throw DrillError(failure.isBusy ? .timedOut : .io, subject: name, detail: failure.meaning, underlying: failure)
    }
  }

  // MARK: Rows

  func recordCount() throws -> Int {
    try attempt { try Self.tables.reduce(0) { $0 + Int(try connection.integer("SELECT count(*) FROM \($1)") ?? 0) } }
  }

  func hasCustomer(_ id: Int64) throws -> Bool {
    try first("SELECT 1 FROM customers WHERE customer_id=?1", [.integer(id)]) != nil
  }

  func putCustomer(_ id: Int64, _ version: Int64, _ random: inout SeededGenerator) throws {
    let tier = random.index(below: 4)
    let country = random.pick(Self.countries)
    let avatar: Scalar = random.index(below: 3) == 0 ? .blob(Self.bytes(32 + random.index(below: 64), &random)) : .null
    let balance: Scalar =
      random.index(below: 10) == 0 ? .null : .real(Double(random.index(below: 2_000_000) - 500_000) / 100)
    let document = """
      {"id":\(id),"tier":\(tier),"tags":["\(random.pick(Self.goods))","\(random.pick(Self.goods))"],\
      "address":{"street":"\(random.index(below: 900) + 1) \(random.pick(Self.goods)) street","country":"\(country)"},\
      "visits":\(random.index(below: 5000))}
      """
    try run(
      """
      INSERT INTO customers VALUES(?1,?2,?3,?4,?5,?6,?7) ON CONFLICT(customer_id) DO UPDATE SET
      email=excluded.email, country=excluded.country, balance=excluded.balance, avatar=excluded.avatar,
      document=excluded.document, version=excluded.version
      """,
      [
        .integer(id), .text("customer\(id)@\(random.pick(Self.goods)).example"), .text(country), balance, avatar,
        .text(document),
        .integer(version),
      ])
  }

  func lastOrder(of id: Int64) throws -> Int64 {
    guard
      case .integer(let number)? = try first("SELECT max(order_no) FROM orders WHERE customer_id=?1", [.integer(id)])
    else { return 0 }
    return number
  }

  func someOrder(of id: Int64, _ random: inout SeededGenerator) throws -> Int64? {
    let skip = random.index(below: 4)
    let sql = "SELECT order_no FROM orders WHERE customer_id=?1 ORDER BY order_no LIMIT 1 OFFSET ?2"
    guard case .integer(let number)? = try first(sql, [.integer(id), .integer(Int64(skip))]) else { return nil }
    return number
  }

  func putOrder(_ id: Int64, _ number: Int64, _ version: Int64, _ random: inout SeededGenerator) throws {
    let lines = (0...random.index(below: 3)).map { _ in
      let (item, count) = (random.pick(Self.goods), random.index(below: 9) + 1)
      return "{\"item\":\"\(item)\",\"count\":\(count),\"cents\":\(random.index(below: 20_000) + 99)}"
    }
    let document = "{\"lines\":[\(lines.joined(separator: ","))],\"gift\":\(random.index(below: 8) == 0)}"
    try run(
      """
      INSERT INTO orders VALUES(?1,?2,?3,?4,?5,?6,?7) ON CONFLICT(customer_id,order_no) DO UPDATE SET
      status=excluded.status, placed_at=excluded.placed_at, total_cents=excluded.total_cents,
      document=excluded.document, version=excluded.version
      """,
      [
        .integer(id), .integer(number), .text(random.pick(Self.statuses)),
        .integer(Self.epoch + Int64(random.index(below: 86400 * 90))),
        .integer(Int64(random.index(below: 500_000) + 99)), .text(document), .integer(version),
      ])
  }

  func deleteOrder(_ id: Int64, _ number: Int64, _ version: Int64) throws {
    try run("DELETE FROM orders WHERE customer_id=?1 AND order_no=?2", [.integer(id), .integer(number)])
    try run(
      "INSERT OR REPLACE INTO orders_deleted VALUES(?1,?2,?3)", [.integer(id), .integer(number), .integer(version)])
  }

  func someSession(of id: Int64, _ random: inout SeededGenerator) throws -> [UInt8]? {
    let skip = random.index(below: 3)
    let sql = "SELECT session_id FROM sessions WHERE customer_id=?1 ORDER BY session_id LIMIT 1 OFFSET ?2"
    guard case .blob(let session)? = try first(sql, [.integer(id), .integer(Int64(skip))]) else { return nil }
    return session
  }

  func putSession(_ id: Int64, _ version: Int64, _ random: inout SeededGenerator) throws {
    let (device, pages) = (random.pick(Self.devices), random.index(below: 40))
    let document = "{\"device\":\"\(device)\",\"pages\":\(pages),\"cart\":[\"\(random.pick(Self.goods))\"]}"
    try run(
      "INSERT INTO sessions VALUES(?1,?2,?3,?4,?5)",
      [
        .integer(id), .blob(Self.bytes(16, &random)), .integer(Self.epoch + Int64(random.index(below: 86400 * 30))),
        .text(document),
        .integer(version),
      ])
  }

  func deleteSession(_ id: Int64, _ session: [UInt8], _ version: Int64) throws {
    try run("DELETE FROM sessions WHERE customer_id=?1 AND session_id=?2", [.integer(id), .blob(session)])
    try run(
      "INSERT OR REPLACE INTO sessions_deleted VALUES(?1,?2,?3)", [.integer(id), .blob(session), .integer(version)])
  }

  /// Deletes a customer with all orders and sessions, each with its tombstone; returns how many rows went.
  func deleteCustomer(_ id: Int64, _ nextVersion: () -> Int64) throws -> Int {
    var deleted = 1
    while case .integer(let number)? = try first(
      "SELECT min(order_no) FROM orders WHERE customer_id=?1", [.integer(id)])
    {
      try deleteOrder(id, number, nextVersion())
      deleted += 1
    }
    while case .blob(let session)? = try first(
      "SELECT min(session_id) FROM sessions WHERE customer_id=?1", [.integer(id)])
    {
      try deleteSession(id, session, nextVersion())
      deleted += 1
    }
    try run("DELETE FROM customers WHERE customer_id=?1", [.integer(id)])
    try run("INSERT OR REPLACE INTO customers_deleted VALUES(?1,?2)", [.integer(id), .integer(nextVersion())])
    return deleted
  }

  // MARK: Statements

  private func statement(_ sql: String) throws -> SQLiteStatement {
    if let known = statements[sql] { return known }
    let statement = try connection.prepare(sql)
    statements[sql] = statement
    return statement
  }

  private func run(_ sql: String, _ parameters: [Scalar]) throws { _ = try first(sql, parameters) }

  /// The first column of the first row.
  private func first(_ sql: String, _ parameters: [Scalar]) throws -> Scalar? {
    try attempt {
      let statement = try statement(sql)
      defer { statement.reset() }
      for (index, parameter) in parameters.enumerated() { try statement.bind(index + 1, parameter) }
      return try statement.step() ? statement.scalar(0) : nil
    }
  }

  private static func bytes(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }
}
