import DrillEvidence
import DrillModel
import Foundation

/// The distribution of slots over shards that a backup is held against, and where it comes from.
struct ExpectedTopology: Sendable {
  var topology: Topology
  /// For people.
  var source: String

  /// The word for the newest topology that the ledger has of the backup's cluster.
  static let recorded = "recorded"

  /// Reads a topology file or a server's own list of nodes; asks the live cluster where `text` is a cluster file; looks into
  /// the ledger where it is ``recorded``.
  ///
  /// - Throws: `DrillError`: `bad-file`, `usage` where the ledger knows none, and why a live cluster cannot be asked.
  static func read(_ text: String, cluster: String, ledger: String) async throws -> ExpectedTopology {
    if text == recorded { return try lastRecorded(of: cluster, ledger: ledger) }
    let name = (text as NSString).lastPathComponent
    guard let contents = try? String(contentsOfFile: Workplace.absolute(text), encoding: .utf8) else {
      throw DrillError(.badFile, subject: text, detail: "the expected topology cannot be read as UTF-8 text")
    }
    if contents.split(separator: "\n").contains(where: { $0.hasPrefix("cluster:") }) {
      let file = try ClusterFile.read(path: Workplace.absolute(text))
      let live = try await Engines().named(file.description.engine).withLive(file.description) {
        try await $0.topology()
      }
      return ExpectedTopology(topology: live, source: "live")
    }
    return ExpectedTopology(
      topology: try TopologyFile.read(contents, file: name, engine: try Engines().readingTopology(contents)),
      source: name)
  }

  private static func lastRecorded(of cluster: String, ledger: String) throws -> ExpectedTopology {
    let known = try Ledger.open(at: ledger, mode: .readOnly).history(of: cluster).topologies
    guard let newest = known.filter({ $0.body.cluster == cluster }).newest else {
      throw DrillError(
        .usage, subject: cluster, detail: "the ledger has recorded no topology of this cluster; name a file instead")
    }
    return ExpectedTopology(
      topology: newest.body.topology, source: "recorded \(newest.time), in \(newest.body.seenIn)")
  }
}
