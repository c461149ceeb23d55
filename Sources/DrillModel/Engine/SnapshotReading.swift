/// A live cluster whose snapshot stream can be read as it comes, with nothing stored.
public protocol SnapshotReading: LiveCluster {
  /// Reads one shard's records from a snapshot that its server makes now, by the artifact's reader.
  func readSnapshot(
    shard: String, selection: RecordSelection, into handler: @escaping RecordHandler
  ) async throws -> ReadFacts
}
