public import DrillModel

extension Firedrill {
  /// Which backups, shards and artifacts hold a record, since when, with which digest. Reads every data file of the catalogs in full.
  ///
  /// - Throws: `DrillError`: `usage`, `key-unreadable`, `catalog-empty` where there is no catalog; `CancellationError`.
  public static func locate(
    _ request: LocateRequest, events: @escaping DrillEventHandler = { _ in }
  ) async throws -> LocateResult {
    try await Locator(request, events: events).run()
  }
}
