/// Bytes that do not decode: stops the reading, and becomes a problem in the facts at the offset where it stopped.
struct RDBDamage: Error {
  /// What was found, without any value of the data store.
  var detail: String

  init(_ detail: String) { self.detail = detail }
}
