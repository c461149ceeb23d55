public import DrillModel

/// What is recorded of a cluster's topologies, in the order in which they were in force.
public struct TopologyTimeline: Sendable {
  public let cluster: String
  /// In the order of ``Sighting/since``.
  public let sightings: [Sighting]

  /// A topology with the earliest time at which it is known to have been in force.
  public struct Sighting: Hashable, Sendable {
    public var topology: Topology
    /// `live`, or `backup ID`.
    public var seenIn: String
    /// When a backup that was seen was cut; when the live servers were asked.
    public var since: Instant
    /// The leaf that states it.
    public var leaf: Int
  }

  /// - Parameter history: of the cluster at least. A backup's topology of which neither the leaf nor a run says when it was cut is left out: nobody knows when
  ///   it was in force.
  public init(_ history: History, cluster: String) {
    self.init(
      cluster: cluster, topologies: history.topologies.filter { $0.body.cluster == cluster },
      runs: history.runs.filter { $0.body.cluster == cluster })
  }

  init(cluster: String, topologies: [Recorded<TopologySeen>], runs: [Recorded<RunFinished>]) {
    self.cluster = cluster
    var cuts: [String: Instant] = [:]
    for backup in runs.flatMap(\.body.backups) { cuts["backup \(backup.backup)"] = backup.cut?.time }
    sightings = topologies.compactMap { seen in
      let isLive = seen.body.seenIn == TopologySeen.live
      return (seen.body.asOf ?? (isLive ? seen.time : cuts[seen.body.seenIn])).map {
        Sighting(topology: seen.body.topology, seenIn: seen.body.seenIn, since: $0, leaf: seen.leaf)
      }
    }.sorted { ($0.since, $0.leaf) < ($1.since, $1.leaf) }
  }

  /// The last one that was in force at a time, as far as is known; nil before the first.
  public func sighting(at time: Instant) -> Sighting? { sightings.last { $0.since <= time } }

  /// The last one of an epoch.
  public func sighting(epoch: UInt64) -> Sighting? { sightings.last { $0.topology.epoch == epoch } }

  /// The last look at the live servers.
  public var lastLive: Sighting? { sightings.last { $0.seenIn == TopologySeen.live } }

  /// When another one is known to have been in force after `sighting`; nil: none.
  public func end(of sighting: Sighting) -> Instant? {
    guard let place = sightings.firstIndex(of: sighting) else { return nil }
    return sightings[sightings.index(after: place)...].first { $0.topology != sighting.topology }?.since
  }
}
