import DrillCrypto
import DrillModel

/// One thing that a database declares beside its rows: a table, an index, a view, a trigger, or a number in its header that programs set.
///
/// It is handed on as a ``RecordKind/library``, which belongs to the store and has no slot. Its name carries the beginning of its definition's
/// digest, since shards may differ in their schemas, and a fingerprint over all of them then holds each definition that there is.
struct SchemaObject: Hashable {
  /// `index orders_by_day, definition 5f02c1aa`; `user_version 7`.
  var label: String
  /// The SQL that declares it, as it is stored; for a number, its decimal text.
  var definition: [UInt8]

  /// - Parameter type: `table`, `index`, `view` or `trigger`.
  init(type: String, name: String, sql: [UInt8]) {
    let digits = String(SHA256.digest(sql).words.0 >> 32, radix: 16)
    label = "\(type) \(TableLayout.shown(name)), definition \(String(repeating: "0", count: 8 - digits.count))\(digits)"
    definition = sql
  }

  /// All definitions of one database together. Objects are a union over shards, in which one that a single shard has lost would still be
  /// there; this is not.
  init(all objects: [SchemaObject]) {
    var text: [UInt8] = []
    for object in objects {
      text += Array(object.label.utf8)
      text.append(0x0A)
      text += object.definition
      text.append(0x0A)
    }
    self.init(type: "schema", name: "as a whole", sql: text)
  }

  init(number: String, value: Int64) {
    label = "\(number) \(value)"
    definition = Array(String(value).utf8)
  }

  /// The numbers in a database's header that belong to the program that keeps it; zero is "not set" and no object.
  ///
  /// Source: https://www.sqlite.org/pragma.html#pragma_user_version, #pragma_application_id
  static let numbers = ["application_id", "user_version"]

  var isNumber: Bool { Self.numbers.contains { label.hasPrefix($0 + " ") } }
}
