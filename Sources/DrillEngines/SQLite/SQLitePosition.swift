public import DrillModel
import Foundation

/// Where a shard stands at a cut: the largest version that each of its versioned tables holds, so that "changed after
/// the cut" can be decided of a row.
///
/// Its text is what ``Cut/positions`` keeps: `@schema=` and the schema's version, `;@time=` and when it was read where that is
/// known, in milliseconds since 1970, then `;table=version` for each
/// versioned table and tombstone table, sorted by name. A version is written as an integer, as a real with a point or
/// an exponent, as `'` and a percent-encoded text, or as `-` where the table has no row with a version. Everything but
/// letters, digits and `_` in names and texts is percent-encoded. Example:
/// `@schema=9;@time=1769832000000;customers=8812;orders=8815;sessions=-`.
///
/// SQLite itself has no position to offer: `PRAGMA data_version` holds within one connection alone, and the file's
/// change counter stands still in WAL mode.
/// Source: https://www.sqlite.org/pragma.html#pragma_data_version,
/// https://www.sqlite.org/fileformat2.html#file_change_counter
public struct SQLitePosition: Hashable, Sendable, CustomStringConvertible {
  /// `PRAGMA schema_version`.
  public var schema: Int64
  /// When it was read: what tells cuts of a store without versions apart. Nil in positions of older backups.
  public var time: Instant?
  /// Table → the largest version in it; ``Scalar/null`` where it holds none.
  public var versions: [String: Scalar]

  public init(schema: Int64, time: Instant? = nil, versions: [String: Scalar]) {
    self.schema = schema
    self.time = time
    self.versions = versions
  }

  public var description: String {
    let tables = versions.sorted { $0.key < $1.key }.map { "\(Self.encoded($0.key))=\(Self.text($0.value))" }
    let read = time.map { ["@time=\($0.millisecondsSince1970)"] } ?? []
    return (["@schema=\(schema)"] + read + tables).joined(separator: ";")
  }

  /// Nil where the text is not of the documented form.
  public init?(parsing text: String) {
    var fields = text.split(separator: ";", omittingEmptySubsequences: false).map {
      $0.split(separator: "=", omittingEmptySubsequences: false)
    }
    guard fields.allSatisfy({ $0.count == 2 }), !fields.isEmpty else { return nil }
    let first = fields.removeFirst()
    guard first[0] == "@schema", let schema = Int64(first[1]) else { return nil }
    time = nil
    if fields.first?[0] == "@time" {
      guard let read = Int64(fields.removeFirst()[1]) else { return nil }
      time = Instant(millisecondsSince1970: read)
    }
    versions = [:]
    for field in fields {
      guard let name = Self.decoded(field[0]), let version = Self.scalar(field[1]), versions[name] == nil else {
        return nil
      }
      versions[name] = version
    }
    self.schema = schema
  }

  private static func text(_ version: Scalar) -> String {
    switch version {
    case .null: "-"
    case .integer(let value): String(value)
    case .real(let value): "\(value)"
    case .text(let value): "'" + encoded(value)
    case .blob(let value): "'" + encoded(String(decoding: value, as: UTF8.self))
    }
  }

  private static func scalar(_ text: Substring) -> Scalar? {
    if text == "-" { return .null }
    if text.first == "'" { return decoded(text.dropFirst()).map { .text($0) } }
    return Int64(text).map { .integer($0) } ?? Double(text).map { .real($0) }
  }

  private static let plain = CharacterSet(
    charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
  private static func encoded(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
  }
  private static func decoded(_ text: Substring) -> String? { String(text).removingPercentEncoding }
}

extension Scalar {
  /// How two versions stand to each other; nil where they are not of one kind, so that neither is later.
  func comparedAsVersion(to other: Scalar) -> ComparisonResult? {
    func order<T: Comparable>(_ a: T, _ b: T) -> ComparisonResult {
      a < b ? .orderedAscending : a == b ? .orderedSame : .orderedDescending
    }
    return switch (self, other) {
    case (.integer(let a), .integer(let b)): order(a, b)
    case (.real(let a), .real(let b)): order(a, b)
    case (.integer(let a), .real(let b)): order(Double(a), b)
    case (.real(let a), .integer(let b)): order(a, Double(b))
    case (.text(let a), .text(let b)):
      a.utf8.lexicographicallyPrecedes(b.utf8)
        ? .orderedAscending : a.utf8.elementsEqual(b.utf8) ? .orderedSame : .orderedDescending
    default: nil
    }
  }
}
