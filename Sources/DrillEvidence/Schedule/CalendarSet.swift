/// Some of the numbers 0 to 63, ascending.
struct CalendarSet: Hashable, Sendable, Sequence, ExpressibleByArrayLiteral {
  private var bits: UInt64 = 0

  init(arrayLiteral numbers: Int...) { for number in numbers { insert(number) } }
  init(_ range: ClosedRange<Int>) { for number in range { insert(number) } }

  mutating func insert(_ number: Int) { bits |= 1 << UInt64(number) }
  func contains(_ number: Int) -> Bool { bits & 1 << UInt64(number) != 0 }
  func intersection(_ other: CalendarSet) -> CalendarSet {
    var common = self
    common.bits &= other.bits
    return common
  }

  func makeIterator() -> some IteratorProtocol<Int> {
    var rest = bits
    return AnyIterator {
      guard rest != 0 else { return nil }
      defer { rest &= rest - 1 }
      return rest.trailingZeroBitCount
    }
  }
}

/// A field of a calendar expression: what it may hold, and the names that stand for numbers.
struct CalendarField: Sendable {
  var name: String
  var range: ClosedRange<Int>
  /// Lower case, the first for the range's lower bound.
  var names: [String] = []

  static let minutes = CalendarField(name: "minute", range: 0...59)
  static let hours = CalendarField(name: "hour", range: 0...23)
  static let days = CalendarField(name: "day of the month", range: 1...31)
  static let months = CalendarField(
    name: "month", range: 1...12,
    names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
  static let weekdays = CalendarField(
    name: "weekday", range: 0...6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])

  var all: CalendarSet { CalendarSet(range) }
}
