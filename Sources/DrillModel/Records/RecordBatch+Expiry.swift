extension RecordBatch {
  /// Takes out the records that a server whose clock stands at `clock` does not load, and returns how many began in
  /// this batch.
  ///
  /// A file may hold records that had expired before the cut and were not yet removed: nobody could read them any more,
  /// and no restore brings them back. So an artifact is held against its sandbox without them, and their number belongs
  /// to what was not compared. Whole records go, since each piece carries its record's expiry. Source: redis 7.0
  /// src/rdb.c `rdbLoadRioWithLoadingCtx`: dropped where `expiretime < now`.
  public mutating func removeExpired(at clock: Instant) -> UInt64 {
    func isExpired(_ piece: Piece) -> Bool {
      piece.expiry != RecordBatch.noExpiry && piece.expiry < clock.millisecondsSince1970
    }
    guard pieces.contains(where: isExpired) else { return 0 }
    let records = pieces.count { $0.begins && isExpired($0) }
    pieces.removeAll(where: isExpired)
    return UInt64(records)
  }
}
