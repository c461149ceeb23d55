/// The type of a record's value. Raw values are part of the canonical form, and so permanent.
public enum RecordKind: UInt8, Sendable, Codable, CaseIterable {
  case string = 1
  case list = 2
  case set = 3
  case hash = 4
  case sortedSet = 5
  case stream = 6
  /// A value of a module that we do not interpret: its type's name and its stored bytes.
  case module = 7
  /// Code that a store holds beside its data (Redis: a function library). Counted per store, not per slot.
  case library = 8
  /// A row of a table: its columns in the table's order.
  case row = 9

  /// Whether the canonical form of this kind has an unordered part, and so ends with a count and a sum of element digests.
  public var hasElements: Bool {
    switch self {
    case .set, .hash, .sortedSet, .stream: true
    case .string, .list, .module, .library, .row: false
    }
  }

  public var name: String {
    switch self {
    case .string: "string"
    case .list: "list"
    case .set: "set"
    case .hash: "hash"
    case .sortedSet: "sorted-set"
    case .stream: "stream"
    case .module: "module"
    case .library: "library"
    case .row: "row"
    }
  }
}
