import DrillEngines
import DrillModel

/// Records of a base that few productions have, and that a comparison must not confuse with others: enough of each kind for every shard to have some.
enum ScenarioOddities {
  static let count = 24

  /// Redis: sorted sets with scores at the edge of what they can say, texts in one of two Unicode forms, things that never expire and things that do late.
  static var commands: [[String]] {
    (0..<count).flatMap { number in
      [
        ["ZADD", "odd:score:\(number)", "0", "zero", "0.1", "tenth", "inf", "most", "-inf", "least"],
        ["SET", "odd:text:\(number)", "caf\u{E9}"],
        ["SET", "odd:gone:\(number)", "to be deleted"],
        ["RPUSH", "odd:list:\(number)", "first", "second", "third"],
        ["SADD", "odd:set:\(number)", "one", "two", "three"],
        ["HSET", "odd:hash:\(number)", "empty", "", "number", "1234567890"],
        ["SET", "odd:expiring:\(number)", "soon enough", "PXAT", "4102444800000"],
        ["XADD", "odd:stream:\(number)", "1-1", "field", "value"],
        ["XGROUP", "CREATE", "odd:stream:\(number)", "readers", "0"],
      ]
    }
  }

  /// Redis: what is deleted between the first backup and the next.
  static var deletions: [[String]] { (0..<count).map { ["DEL", "odd:gone:\($0)"] } }

  /// SQLite: the same, with its tombstone.
  static let deletion = """
    INSERT INTO odd_deleted SELECT id, version + 1 FROM odd WHERE kind = 'kind10';
    DELETE FROM odd WHERE kind = 'kind10'
    """

  /// SQLite: a table whose column has no type of its own, so that each row's value has one.
  static func statements(for slots: SlotSet) -> String {
    let values = [
      "NULL", "''", "x''", "1", "1.0", "0.0", "'caf\u{E9}'", "'text'", "9e999", "9007199254740993", "'to be deleted'",
    ]
    var rows: [String] = []
    var id: Int64 = 0
    while rows.count < values.count {
      id += 1
      var key: [UInt8] = []
      key.appendInteger(id)
      guard slots.contains(SQLiteEngine().slot(ofKey: key)) else { continue }
      rows.append("(\(id), 'kind\(rows.count)', \(values[rows.count]), 1)")
    }
    return """
      CREATE TABLE odd(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, value, version INTEGER NOT NULL);
      CREATE TABLE odd_deleted(id INTEGER PRIMARY KEY, version INTEGER NOT NULL);
      INSERT INTO odd VALUES \(rows.joined(separator: ", "))
      """
  }
}
