/// The entries of a small collection in one string: a listpack, or what servers before 7.0 had in its place.
///
/// After ``hasNext()`` said so, the next entry is taken by one of the others.
protocol PackedEntries {
  /// Whether entries are left. At the end it takes the end mark.
  mutating func hasNext() throws -> Bool
  /// The next entry as a blob.
  mutating func blob(into records: RecordBuilder) throws
  /// The next entry as a score.
  mutating func score() throws -> Double
}
