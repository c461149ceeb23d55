import DrillChecks
public import DrillEvidence
public import DrillModel
import Foundation

extension Firedrill {
  /// How long a cluster's nodes have to tell each other, before what they disagree on is held to be wrong.
  static let gossipTime = Duration.seconds(1)

  /// Reads a live cluster's topology, records it where it is not the one that was last seen, and says what changed.
  ///
  /// - Throws: `DrillError`: `bad-file`, `unreachable`, `ledger-unwritable`, and what connecting to the cluster finds.
  public static func discoverTopology(cluster path: String, ledger: String) async throws -> TopologyDiscovery {
    let cluster = try ClusterFile.read(path: Workplace.absolute(path)).description
    let look = try await LiveLook.at(cluster)
    let open = try openLedger(ledger)
    var history = try open.history(of: cluster.name)
    let last = TopologyTimeline(history, cluster: cluster.name).lastLive
    // What owners were not asked is hearsay, and would be recorded as seen.
    let isWhole = look.silentOwners.isEmpty
    let isRecorded =
      isWhole
      ? try open.see(TopologySeen(cluster: cluster.name, look.topology, seenIn: TopologySeen.live)) : false
    try open.extend(&history, of: cluster.name)
    let now = TopologyTimeline(history, cluster: cluster.name).lastLive
    return TopologyDiscovery(
      topology: TopologyDocument(
        look.topology, cluster: cluster.name, seenIn: TopologySeen.live, since: isWhole ? now?.since : nil,
        migrations: history.migrations(of: cluster.name)),
      isRecorded: isRecorded, isWhole: isWhole, lastSeen: last?.since,
      changes: last.map { TopologyDiff(from: $0.topology, to: look.topology) }, findings: look.findings,
      notAsked: look.silent)
  }

  /// What is recorded of a cluster's topology: the one in force at a time, the last of an epoch, or the last.
  ///
  /// - Throws: `DrillError` with `usage` where nothing is recorded of that, with what is; `ledger-damaged`, `io`.
  public static func topology(
    cluster: String, at time: Instant? = nil, epoch: UInt64? = nil, ledger: String
  ) throws -> TopologyDocument {
    let history = try Ledger.open(at: ledger, mode: .readOnly).history(of: cluster)
    let timeline = TopologyTimeline(history, cluster: cluster)
    let found = try sighting(in: timeline, at: time, epoch: epoch)
    return TopologyDocument(
      found.topology, cluster: cluster, seenIn: found.seenIn, since: found.since, until: timeline.end(of: found),
      migrations: time == nil && epoch == nil ? history.migrations(of: cluster) : [])
  }

  static func sighting(
    in timeline: TopologyTimeline, at time: Instant?, epoch: UInt64?
  ) throws -> TopologyTimeline.Sighting {
    guard let first = timeline.sightings.first, let last = timeline.sightings.last else {
      throw DrillError(
        .usage, subject: timeline.cluster,
        detail: "the ledger knows no topology of this cluster; `firedrill topology discover CLUSTER.yaml` records it")
    }
    if let epoch {
      guard let found = timeline.sighting(epoch: epoch) else {
        let known = Set(timeline.sightings.map(\.topology.epoch)).sorted().map(String.init).joined(separator: ", ")
        throw DrillError(
          .usage, subject: "epoch \(epoch)", detail: "no such epoch was seen of \(timeline.cluster); known are \(known)"
        )
      }
      return found
    }
    guard let time else { return last }
    guard let found = timeline.sighting(at: time) else {
      throw DrillError(
        .usage, subject: time.description,
        detail: "nothing is recorded of \(timeline.cluster) before \(first.since)")
    }
    return found
  }

  /// Judges the topology of a live cluster, or of a file.
  ///
  /// - Parameter path: a cluster file, a topology file, or what `CLUSTER NODES` printed.
  /// - Throws: `DrillError`: `bad-file`, and what connecting to the cluster finds.
  public static func checkTopology(_ path: String) async throws -> TopologyVerdict {
    switch try TopologySide.file(path, isLive: false) {
    case .live(let cluster):
      let look = try await LiveLook.at(cluster)
      return TopologyVerdict(
        subject: cluster.name, topology: look.topology, nodes: look.nodes, findings: look.findings,
        notAsked: look.silent)
    case .given(let topology, let name):
      return TopologyVerdict(
        subject: name, topology: topology, nodes: 0, findings: TopologyCheck.findings(topology), notAsked: [])
    case .recorded: preconditionFailure("a path names a file")
    }
  }

  /// What differs between two topologies, each given as `epoch:N`, a time (`2026-01-31T04:00:00Z`, `2h` ago), a topology file, or `live:CLUSTER.yaml`.
  ///
  /// - Parameter cluster: whose epochs and times are meant.
  /// - Throws: `DrillError`: `usage`, `bad-file`, `ledger-damaged`, and what connecting to a live cluster finds.
  public static func diffTopologies(
    _ a: String, _ b: String, cluster: String?, ledger: String, at now: Instant = .now
  ) async throws -> TopologyDiff {
    let sides = [try TopologySide(a, at: now), try TopologySide(b, at: now)]
    var topologies: [Topology] = []
    for side in sides {
      topologies.append(try await side.topology(cluster: cluster, ledger: ledger))
    }
    return TopologyDiff(from: topologies[0], to: topologies[1])
  }
}
