extension RecordBatch {
  /// Takes out the records that had expired at `clock` and returns them as a batch of their own; nil where there are none.
  ///
  /// An RDB file holds keys that had expired before it was written and were not yet removed; no server loads them, and to its clients they were gone.
  /// Source: redis 7.0 `src/rdb.c`, `rdbLoadRioWithLoadingCtx` (drops keys whose expiry is before now on a primary).
  public mutating func takeExpired(at clock: Instant) -> RecordBatch? {
    func isExpired(_ piece: Piece) -> Bool {
      piece.expiry != RecordBatch.noExpiry && piece.expiry < clock.millisecondsSince1970
    }
    guard pieces.contains(where: isExpired) else { return nil }
    var expired = self
    expired.pieces.removeAll { !isExpired($0) }
    pieces.removeAll(where: isExpired)
    return expired
  }
}
