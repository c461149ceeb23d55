internal import DrillModel

/// Hashes whose fields may expire one by one. An element is field, value and, where the field expires, when.
///
/// Source: redis 7.4 src/rdb.c `rdbLoadObject`, RDB_TYPE_HASH_METADATA and RDB_TYPE_HASH_LISTPACK_EX; valkey 9.0
/// src/rdb.c, RDB_TYPE_HASH_2.
extension RDBParser {
  /// Each field with its expiry first: 0 for none, else 1 more than it lies after `earliest`.
  func readExpiringHash(relativeTo earliest: Int64) throws -> Bool {
    let count = try length()
    try times(count) {
      let stored = try length()
      records.beginElement()
      try readBlob()
      try readBlob()
      if stored > 0 {
        let (expiry, isTooFar) = earliest.addingReportingOverflow(Int64(clamping: stored - 1))
        guard !isTooFar else { throw RDBDamage("a field's expiry beyond all time") }
        try records.integer(expiry)
      }
      try records.endElement()
    }
    return count > 0
  }

  /// Field, value and expiry in turn, 0 for none.
  func readExpiringHash(_ listpack: inout Listpack) throws -> Bool {
    var hasElements = false
    while try listpack.hasNext() {
      records.beginElement()
      try listpack.blob(into: records)
      guard try listpack.hasNext() else { throw RDBDamage("a hash's last field has no value") }
      try listpack.blob(into: records)
      guard try listpack.hasNext() else { throw RDBDamage("a hash's last field has no expiry") }
      let expiry = try listpack.integer()
      if expiry != 0 { try records.integer(expiry) }
      try records.endElement()
      hasElements = true
    }
    return hasElements
  }

  /// Each field and value with the expiry behind them, −1 for none. Source: valkey 9.0 src/expire.h, `EXPIRY_NONE`.
  func readExpiringValkeyHash() throws -> Bool {
    let count = try length()
    try times(count) {
      records.beginElement()
      try readBlob()
      try readBlob()
      let expiry = try source.littleEndian(Int64.self)
      if expiry != -1 { try records.integer(expiry) }
      try records.endElement()
    }
    return count > 0
  }
}
