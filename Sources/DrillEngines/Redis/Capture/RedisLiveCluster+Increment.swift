public import DrillModel

extension RedisLiveCluster: IncrementCapturing {
  /// Writes `<shard>.aof` for each shard into `folder`: the commands between the predecessor's position and the new cut.
  ///
  /// Where a coherent capture's proof fails it is tried again, and `whileHeld` is called again. After an error none of
  /// the files is left.
  ///
  /// - Throws: beside those of ``capture(_:into:whileHeld:)``, `DrillError` with `reference-unavailable` where what
  ///   changed since is not to be had: another replication history, a shard that is new or gone, a backlog that is too
  ///   short; and for servers before 7.0, which tell their replicas expiries as times from now.
  public func captureIncrement(
    on predecessor: IncrementPredecessor, _ plan: CapturePlan, into folder: String,
    whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> CapturedBackup {
    let survey = try await CaptureSurvey.make(
      try await discovered(), plan: plan, credentials: credentials)
    let positions = try RedisLiveCluster.positions(of: predecessor, in: survey)
    try makeFolder(folder)
    return try await untilProven { _ in
      let capture = IncrementCapture(
        survey: survey, plan: plan, credentials: credentials, predecessor: positions, folder: folder,
        rediscovered: { try await self.discovered() }, events: events)
      do {
        return try await capture.run(changes: predecessor.changes, whileHeld: whileHeld)
      } catch {
        for shard in survey.map.shards {
          RedisLiveCluster.remove(StreamRecorder.path(folder: folder, shard: shard.name))
        }
        throw failure(error)
      }
    }
  }

  private static func positions(
    of predecessor: IncrementPredecessor, in survey: CaptureSurvey
  ) throws -> [String: ReplicationPosition] {
    let now = Set(survey.map.shards.map(\.name))
    let then = Set(predecessor.cut.positions.keys)
    guard now == then else {
      let new = now.subtracting(then).sorted().map { "\($0) is new" }
      let gone = then.subtracting(now).sorted().map { "\($0) is gone" }
      throw DrillError(
        .referenceUnavailable, subject: survey.map.shards.map(\.name).joined(separator: ", "),
        detail:
          "the shards are not those of the predecessor: \((new + gone).joined(separator: ", ")); take a full backup")
    }
    var positions: [String: ReplicationPosition] = [:]
    for source in survey.sources {
      let shard = source.shard.name
      let major = source.info["redis_version"]?.split(separator: ".").first.flatMap { Int($0) } ?? 0
      guard major >= 7 else {
        throw DrillError(
          .referenceUnavailable, subject: shard,
          detail: "servers before 7.0 tell their replicas expiries as times from now, so that their stream cannot be"
            + " replayed later; take a full backup")
      }
      guard let position = predecessor.cut.positions[shard].flatMap(ReplicationPosition.init) else {
        throw DrillError(
          .referenceUnavailable, subject: shard,
          detail: "the predecessor names no replication offset for this shard; take a full backup")
      }
      guard position.history == source.info["master_replid"] else {
        throw DrillError(
          .referenceUnavailable, subject: shard,
          detail: "a fail-over or a restart began another replication history since the predecessor; take a full backup"
        )
      }
      positions[shard] = position
    }
    return positions
  }
}
