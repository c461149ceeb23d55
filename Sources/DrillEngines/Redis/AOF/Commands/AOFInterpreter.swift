internal import DrillModel

/// Does what a log's commands say, to the values that they touch.
///
/// A command that a server would answer with an error changes nothing. One that is not modelled makes the keys that it
/// may have written unknown: they are left out, and said to be, until a command replaces or removes them whatever they
/// were.
final class AOFInterpreter {
  /// A server would answer with an error.
  struct Refused: Error {}
  /// What came of it cannot be told here.
  struct NotModelled: Error {}

  /// One database, by whatever number.
  final class Database {
    var entries: [[UInt8]: AOFEntry] = [:]
    /// Keys whose content is not known, nor whether they are there at all.
    var unknown: Set<[UInt8]> = []
  }

  /// Whether the log is of a server since 7.0, where claiming a deleted entry of a stream removes it.
  let isSince7: Bool
  private var selected = 0
  private var databases: [Int: Database] = [:]
  var libraries: [[UInt8]: [UInt8]] = [:]
  /// Commands that a server would answer with an error.
  private(set) var refusals: UInt64 = 0
  /// Commands that are not modelled, by name.
  private(set) var notModelled: [String: UInt64] = [:]

  private var unmade: Int

  /// - Parameter makes: bytes that commands may make beyond those that they carry, see ``AOFReader/madeLimit``.
  init(isSince7: Bool, makes: Int = AOFReader.madeLimit) {
    self.isSince7 = isSince7
    unmade = makes
  }

  /// To be called before a command makes `bytes` that the log does not hold: zeros before an offset, a copy.
  ///
  /// - Throws: `NotModelled` beyond the limit.
  func make(_ bytes: Int) throws {
    guard bytes <= unmade else { throw NotModelled() }
    unmade -= max(bytes, 0)
  }

  var numbers: [Int] { databases.keys.sorted() }

  func database(_ number: Int) -> Database {
    if let database = databases[number] { return database }
    let database = Database()
    databases[number] = database
    return database
  }

  /// The selected one: selected is a number, whatever database bears it.
  var database: Database { database(selected) }

  func select(_ number: Int) { selected = number }

  func swap(_ a: Int, _ b: Int) {
    let (first, second) = (database(a), database(b))
    (databases[a], databases[b]) = (second, first)
  }

  func empty(_ database: Database) {
    database.entries = [:]
    database.unknown = []
  }

  func emptyAll() { for database in databases.values { empty(database) } }

  func apply(_ command: AOFCommand, _ entry: AOFCommandTable.Entry) {
    do {
      guard let apply = entry.apply else { throw NotModelled() }
      guard command.count >= entry.words else { throw Refused() }
      try apply(command, self)
    } catch is Refused {
      refusals += 1
    } catch {
      notModelled[command.keyword(0), default: 0] += 1
      for use in entry.keys.uses(command) ?? [] where use.isWritten {
        let database = use.database.map { self.database($0) } ?? database
        let key = command.array(use.index)
        database.entries[key] = nil
        database.unknown.insert(key)
      }
    }
  }

  // MARK: Looking up

  func entry(_ key: [UInt8], in other: Database? = nil) throws -> AOFEntry? {
    let database = other ?? database
    if !database.unknown.isEmpty, database.unknown.contains(key) { throw NotModelled() }
    return database.entries[key]
  }

  func string(_ key: [UInt8]) throws -> AOFString? {
    try find(key) { if case .string(let value) = $0 { value } else { nil } }
  }

  func list(_ key: [UInt8]) throws -> AOFList? {
    try find(key) { if case .list(let value) = $0 { value } else { nil } }
  }

  func set(_ key: [UInt8]) throws -> AOFSet? {
    try find(key) { if case .set(let value) = $0 { value } else { nil } }
  }

  func hash(_ key: [UInt8]) throws -> AOFHash? {
    try find(key) { if case .hash(let value) = $0 { value } else { nil } }
  }

  func sortedSet(_ key: [UInt8]) throws -> AOFSortedSet? {
    try find(key) { if case .sortedSet(let value) = $0 { value } else { nil } }
  }

  func stream(_ key: [UInt8]) throws -> AOFStream? {
    try find(key) { if case .stream(let value) = $0 { value } else { nil } }
  }

  /// - Throws: `Refused` for a value of another type.
  private func find<Value>(_ key: [UInt8], _ ofType: (AOFValue) -> Value?) throws -> Value? {
    guard let entry = try entry(key) else { return nil }
    guard let value = ofType(entry.value) else { throw Refused() }
    return value
  }

  // MARK: Changing

  /// Puts a value in a key's place, whatever was there; without an expiry unless one is given.
  func put(
    _ key: [UInt8], _ value: AOFValue, expiry: Int64 = RecordBatch.noExpiry, in other: Database? = nil
  ) {
    let database = other ?? database
    if !database.unknown.isEmpty { database.unknown.remove(key) }
    if let entry = database.entries[key] {
      (entry.value, entry.expiry) = (value, expiry)
    } else {
      database.entries[key] = AOFEntry(value, expiry: expiry)
    }
  }

  func remove(_ key: [UInt8], in other: Database? = nil) {
    let database = other ?? database
    database.entries[key] = nil
    if !database.unknown.isEmpty { database.unknown.remove(key) }
  }
}
