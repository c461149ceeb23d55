import DrillModel
import DrillProduction
import Foundation

/// The synthetic production of a drill: made for it, captured, disturbed after the cut, removed with it.
struct SyntheticProduction: Sendable {
  /// What a cluster file would say of it.
  var cluster: ClusterFile
  /// Lets production go on: what is restored has to stand for the cut, and not for now.
  var disturb: @Sendable () async throws -> Void

  static func with<R: Sendable>(
    _ file: ProductionFile, answers: WorkloadFile?, seed: UInt64, in folder: String, _ body: (SyntheticProduction) async throws -> R
  ) async throws -> R {
    let home = folder + "/production"
    try FileManager.default.createDirectory(
      atPath: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    var captured = answers
    captured?.budget = file.engine == .redis ? .milliseconds(400) : nil
    func described(_ cluster: ClusterDescription) -> ClusterFile {
      var cluster = cluster
      cluster.capture.coherence = file.isCoherent ? .coherent : .perShard
      return ClusterFile(description: cluster, answers: captured, answersSeed: seed)
    }
    switch file.engine {
    case .sqlite:
      let production = try await SyntheticSQLiteProduction.make(in: home, seed: file.seed, records: file.records, shards: file.shards)
      let body = try await body(
        SyntheticProduction(cluster: described(production.cluster)) {
          try await production.churn(changes: file.changes, seed: file.seed &+ 1)
        })
      await production.close()
      return body
    case .redis:
      throw DrillError(.usage, subject: "redis", detail: "not built")
    }
  }
}
