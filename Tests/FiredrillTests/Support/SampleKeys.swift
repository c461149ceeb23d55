/// Commands that write one key each, of all types, with expiries far off; the same from everywhere.
enum SampleKeys {
  /// Milliseconds since 1970: 2100-01-01.
  static let expiry = 4_102_444_800_000

  static func command(_ number: Int) -> [String] {
    let tag = "{customer:\(number / 7)}"
    return switch number % 7 {
    case 0: ["SET", "item:\(number)", "item number \(number)"]
    case 1: ["SET", "session:\(number)", "s\(number)", "PXAT", "\(expiry + number)"]
    case 2: ["HSET", "\(tag):profile", "name", "n\(number)", "age", "\(number % 90)"]
    case 3: ["RPUSH", "\(tag):orders", "\(number)", "x", "\(number + 1)"]
    case 4: ["SADD", "\(tag):tags", "a\(number)", "b", "\(number)"]
    case 5: ["ZADD", "\(tag):scores", "1.5", "m\(number)", "-2", "other"]
    default: ["XADD", "\(tag):events", "1700000000000-\(number)", "kind", "k", "n", "\(number)"]
    }
  }

  static func commands(_ numbers: some Sequence<Int>) -> [[String]] { numbers.map(command) }
}
