/// What can happen to a record between where it is held and where it is counted.
public enum RecordFault: String, Hashable, Sendable, Codable, CaseIterable {
  case dropped = "record-dropped"
  /// Another record of its slot, with the same value.
  case added = "record-added"
  /// One byte of its value becomes another.
  case valueChanged = "value-changed"
  /// Another kind with the same bytes.
  case kindChanged = "kind-changed"
  /// Its expiry moves by one millisecond.
  case expiryMoved = "expiry-moved"
  /// It no longer expires.
  case expiryRemoved = "expiry-removed"
  /// It lies in another slot.
  case moved = "record-moved"
}
