import DrillEngines
import DrillModel

/// The SQLite engine over a sandbox that does not hold, or does not take, what it was given.
struct FaultyEngine: Engine {
  enum Fault: Sendable { case refusesToLoad, losesRecords }

  var fault: Fault
  private let honest = SQLiteEngine()

  init(_ fault: Fault) { self.fault = fault }

  var name: String { honest.name }
  func slot(ofKey key: [UInt8]) -> Slot { honest.slot(ofKey: key) }

  func readArtifact(_ file: ArtifactFile, selection: RecordSelection, into handler: RecordHandler) throws -> ReadFacts {
    try honest.readArtifact(file, selection: selection, into: handler)
  }

  func withSandbox<R: Sendable>(_ request: SandboxRequest, _ body: (any Sandbox) async throws -> R) async throws -> R {
    if fault == .refusesToLoad {
      throw RestoreRejected(shard: request.files[0].shard, serverLines: ["Bad file format"])
    }
    return try await honest.withSandbox(request) { try await body(FaultySandbox(honest: $0)) }
  }

  func withLive<R: Sendable>(
    _ cluster: ClusterDescription, _ body: (any LiveCluster) async throws -> R
  ) async throws -> R { try await honest.withLive(cluster, body) }
}

private struct FaultySandbox: Sandbox {
  let honest: any Sandbox
  var shards: [String] { honest.shards }
  var facts: SandboxFacts { honest.facts }

  func readRecords(shard: String, selection: RecordSelection, into handler: RecordHandler) async throws -> ReadFacts {
    try await honest.readRecords(shard: shard, selection: selection) { batch in
      var batch = batch
      // The same ones whatever is selected.
      if shard == shards[0] { batch.pieces.removeAll { $0.kind == .row && $0.slot.rawValue % 64 == 0 } }
      try handler(batch)
    }
  }

  func withSession<R: Sendable>(_ body: (any StoreSession) async throws -> R) async throws -> R {
    try await honest.withSession(body)
  }
}
