/// A value that a log's commands change, held whole. Of reference types, so that a change touches what changes alone.
enum AOFValue {
  case string(AOFString)
  case list(AOFList)
  case set(AOFSet)
  case hash(AOFHash)
  case sortedSet(AOFSortedSet)
  case stream(AOFStream)
  /// A module's, in its canonical form.
  case module([UInt8])

  /// About the memory of a copy: elements are shared, their places are not.
  var sizeBytes: Int {
    switch self {
    case .string(let value): value.bytes.count
    case .list(let value): value.count * 8
    case .set(let value): value.members.count * 16
    case .hash(let value): value.fields.count * 48
    case .sortedSet(let value): value.scores.count * 32
    case .stream(let value): value.count * 32 + value.groups.values.reduce(0) { $0 + $1.pending.count * 64 }
    case .module(let value): value.count
    }
  }

  /// The same content in memory of its own.
  func copied() -> AOFValue {
    switch self {
    case .string(let value): .string(AOFString(value.bytes))
    case .list(let value): .list(AOFList(value.elements))
    case .set(let value): .set(AOFSet(value.members))
    case .hash(let value): .hash(AOFHash(value.fields))
    case .sortedSet(let value): .sortedSet(AOFSortedSet(value.scores))
    case .stream(let value): .stream(value.copied())
    case .module(let value): .module(value)
    }
  }
}

/// A key's value and expiry.
final class AOFEntry {
  var value: AOFValue
  /// Milliseconds since 1970, or `RecordBatch.noExpiry`.
  var expiry: Int64

  init(_ value: AOFValue, expiry: Int64) {
    self.value = value
    self.expiry = expiry
  }
}

final class AOFString {
  var bytes: [UInt8]
  init(_ bytes: [UInt8]) { self.bytes = bytes }
}

final class AOFSet {
  var members: Set<[UInt8]>
  init(_ members: Set<[UInt8]> = []) { self.members = members }
}

final class AOFHash {
  struct Field: Hashable {
    var value: [UInt8]
    /// Milliseconds since 1970; nil: it does not expire by itself.
    var expiry: Int64?
  }

  var fields: [[UInt8]: Field]
  init(_ fields: [[UInt8]: Field] = [:]) { self.fields = fields }
}
