import DrillEvidence
import DrillModel
import Foundation

/// Where a topology comes from.
enum TopologySide: Sendable {
  case live(ClusterDescription)
  case given(Topology, name: String)
  /// Of the ledger: in force at a time, or the last of an epoch.
  case recorded(at: Instant?, epoch: UInt64?)

  private static let livePrefix = "live:"
  private static let epochPrefix = "epoch:"

  /// - Throws: `DrillError`: `usage`, `bad-file`.
  init(_ text: String, at now: Instant) throws {
    if text.hasPrefix(Self.livePrefix) {
      self = try Self.file(String(text.dropFirst(Self.livePrefix.count)), isLive: true)
    } else if text.hasPrefix(Self.epochPrefix) {
      guard let epoch = UInt64(text.dropFirst(Self.epochPrefix.count)) else {
        throw DrillError(.usage, subject: text, detail: "an epoch is a number, as in epoch:7")
      }
      self = .recorded(at: nil, epoch: epoch)
    } else if FileManager.default.fileExists(atPath: Workplace.absolute(text)) {
      self = try Self.file(text, isLive: false)
    } else if let time = try? Firedrill.time(text, before: now) {
      self = .recorded(at: time, epoch: nil)
    } else {
      throw DrillError(
        .usage, subject: text,
        detail:
          "neither a file nor a time; a topology is epoch:7, 2026-01-31T04:00:00Z, 2h (ago), a topology file, or live:CLUSTER.yaml"
      )
    }
  }

  /// A cluster file, or a file with a topology in it.
  ///
  /// - Parameter isLive: whether only a cluster file will do.
  static func file(_ path: String, isLive: Bool) throws -> TopologySide {
    let place = Workplace.absolute(path)
    let name = (place as NSString).lastPathComponent
    let text: String
    do {
      text = try String(contentsOfFile: place, encoding: .utf8)
    } catch {
      throw DrillError(.badFile, subject: path, detail: "it cannot be read as a text", underlying: error)
    }
    // Every cluster file names its engine, and no topology does.
    if isLive || text.split(separator: "\n").contains(where: { $0.hasPrefix("engine:") }) {
      return .live(try ClusterFile.read(path: place).description)
    }
    return .given(
      try TopologyFile.read(text, file: name, engine: try Engines().readingTopology(text)), name: name)
  }

  /// - Throws: `DrillError`: `usage` where the ledger is needed and no cluster is named, or knows nothing of it.
  func topology(cluster: String?, ledger: String) async throws -> Topology {
    switch self {
    case .given(let topology, _): return topology
    case .live(let cluster): return try await LiveLook.at(cluster).topology
    case .recorded(let time, let epoch):
      guard let cluster else {
        throw DrillError(.usage, subject: "--cluster", detail: "epochs and times are a cluster's: name it")
      }
      let history = try Ledger.open(at: ledger, mode: .readOnly).history(of: cluster)
      return try Firedrill.sighting(
        in: TopologyTimeline(history, cluster: cluster), at: time, epoch: epoch
      ).topology
    }
  }
}
