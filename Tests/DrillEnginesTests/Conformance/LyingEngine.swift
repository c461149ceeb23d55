import DrillEngines
import DrillModel
import DrillTesting
import Foundation

/// The SQLite engine with one vice.
struct LyingEngine: Engine {
  enum Lie: CaseIterable {
    case losesARecord, ignoresSelection, skipsBytes, hidesDamage, throwsDamage, readsWhatIsNotThere
    case placesWrongly, leavesAFile, boastsOfIsolation, timesNothing, answersOutOfOrder, answersTwice,
      keepsABrokenRecord

    /// What it must be told of.
    var breaks: Obligation {
      switch self {
      case .losesARecord: .artifactIsCut
      case .ignoresSelection: .selectionIsExact
      case .skipsBytes: .everyByteIsRead
      case .hidesDamage, .throwsDamage: .damageIsFact
      case .readsWhatIsNotThere: .missingFileThrows
      case .placesWrongly: .slotIsOfKey
      case .leavesAFile: .sandboxIsGone
      case .boastsOfIsolation: .sandboxIsIsolated
      case .timesNothing: .sandboxPhasesAreTimed
      case .answersOutOfOrder: .answersAgree
      case .answersTwice: .repliesMatchOperations
      case .keepsABrokenRecord: .recordsAreWhole
      }
    }
  }

  var lie: Lie
  private let honest = SQLiteEngine()

  init(lie: Lie) { self.lie = lie }

  var name: String { honest.name }

  func slot(ofKey key: [UInt8]) -> Slot {
    let slot = honest.slot(ofKey: key)
    return lie == .placesWrongly ? Slot((Int(slot.rawValue) + 1) % Slot.count) : slot
  }

  func readArtifact(_ file: ArtifactFile, selection: RecordSelection, into handler: RecordHandler) throws -> ReadFacts {
    if lie == .readsWhatIsNotThere, !FileManager.default.fileExists(atPath: file.path) { return ReadFacts() }
    var isFirst = true
    var facts = try honest.readArtifact(file, selection: lie == .ignoresSelection ? .all : selection) { batch in
      var batch = batch
      if lie == .losesARecord, isFirst { batch.pieces.removeLast() }
      if lie == .keepsABrokenRecord, isFirst { batch.pieces[0].begins = false }
      isFirst = false
      try handler(batch)
    }
    if lie == .throwsDamage, !facts.problems.isEmpty { throw DrillError(.io, detail: "damaged") }
    if lie == .hidesDamage { facts.problems = [] }
    if lie == .skipsBytes { facts.bytesRead = facts.bytesRead / 2 }
    return facts
  }

  func withSandbox<R: Sendable>(_ request: SandboxRequest, _ body: (any Sandbox) async throws -> R) async throws -> R {
    defer {
      if lie == .leavesAFile { try? Data("x".utf8).write(to: URL(fileURLWithPath: request.folder + "/left")) }
    }
    return try await honest.withSandbox(request) { try await body(LyingSandbox(honest: $0, lie: lie)) }
  }

  func withLive<R: Sendable>(
    _ cluster: ClusterDescription, _ body: (any LiveCluster) async throws -> R
  ) async throws -> R { try await honest.withLive(cluster, body) }
}

private struct LyingSandbox: Sandbox {
  let honest: any Sandbox
  let lie: LyingEngine.Lie

  var shards: [String] { honest.shards }

  var facts: SandboxFacts {
    var facts = honest.facts
    if lie == .boastsOfIsolation { facts.isolationDetail = "" }
    if lie == .timesNothing { facts.phases = [] }
    return facts
  }

  func readRecords(shard: String, selection: RecordSelection, into handler: RecordHandler) async throws -> ReadFacts {
    try await honest.readRecords(shard: shard, selection: selection, into: handler)
  }

  func withSession<R: Sendable>(_ body: (any StoreSession) async throws -> R) async throws -> R {
    try await honest.withSession { try await body(LyingSession(honest: $0, lie: lie)) }
  }
}

private struct LyingSession: StoreSession {
  let honest: any StoreSession
  let lie: LyingEngine.Lie

  func perform(_ operations: [DrillModel.Operation], timeout: Duration) async -> [TimedReply] {
    let replies = await honest.perform(operations, timeout: timeout)
    return switch lie {
    case .answersOutOfOrder: replies.reversed()
    case .answersTwice: replies + replies
    default: replies
    }
  }
}
