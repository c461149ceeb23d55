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
    _ file: ProductionFile, answers: WorkloadFile?, seed: UInt64, in folder: String,
    _ body: @escaping @Sendable (SyntheticProduction) async throws -> R
  ) async throws -> R {
    let home = folder + "/production"
    try FileManager.default.createDirectory(
      atPath: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    switch file.engine {
    case .sqlite:
      let production = try await SyntheticSQLiteProduction.make(
        in: home, seed: file.seed, records: file.records, shards: file.shards, name: ProductionFile.clusterName)
      let body = try await body(
        SyntheticProduction(cluster: file.describe(production.cluster, answers: answers, seed: seed)) {
          try await production.churn(changes: file.changes, seed: file.seed &+ 1)
        })
      await production.close()
      return body
    case .redis:
      let shape = SyntheticRedisCluster.Shape(masters: file.shards, replicasPerMaster: file.replicas)
      return try await SyntheticRedisCluster.with(shape, name: ProductionFile.clusterName, below: home) { production in
        try await production.fill(records: file.records, seed: file.seed)
        let isDone = Flag()
        return try await withThrowingTaskGroup(of: R?.self) { group in
          group.addTask {
            // Writes all the while, from before the capture to the end of the drill.
            try await production.keepWriting(
              records: file.records, seed: file.seed &+ 1, perSecond: file.writesPerSecond, until: { isDone.isRaised })
            return nil
          }
          group.addTask {
            defer { isDone.raise() }
            return try await body(
              SyntheticProduction(
                cluster: file.describe(production.description, answers: answers, seed: seed), disturb: {}))
          }
          var result: R?
          for try await part in group { result = part ?? result }
          guard let result else { throw CancellationError() }
          return result
        }
      }
    }
  }
}

extension ProductionFile {
  /// The synthetic cluster as a cluster file would describe it.
  fileprivate func describe(_ cluster: ClusterDescription, answers: WorkloadFile?, seed: UInt64) -> ClusterFile {
    var cluster = cluster
    cluster.capture.coherence = isCoherent ? .coherent : .perShard
    var answers = answers
    answers?.budget = engine == .redis ? .milliseconds(400) : nil
    return ClusterFile(description: cluster, answers: answers, answersSeed: seed)
  }
}
