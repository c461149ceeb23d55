import DrillChecks
import DrillModel
import Foundation

/// Who may do what on the restored store: what the backup holds of it, what is expected, and what came of trying.
struct AccessPart: Sendable {
  private(set) var plan: AccessPlan
  private let check: AccessCheck
  private let restored: [String: AccessList]
  private(set) var facts: [AccessFacts] = []
  /// Servers whose users were to be tried.
  private var servers = 0
  /// Why nothing could be tried.
  private(set) var obstacles: [DrillError] = []

  /// - Throws: `DrillError` where the drill's list, or one of the backup's, cannot be read.
  init?(for runner: DrillRunner, of decoded: Decoded) throws {
    let manifest = decoded.manifest
    let wanted: String?
    switch runner.drill.access {
    case .captured: wanted = nil
    case .expected(let path): wanted = path
    case .mode, nil: return nil
    }
    guard let engine = runner.engine as? any AccessDescribing else {
      throw DrillError(.usage, stage: .restore, subject: "access", detail: "this engine's stores have no users")
    }
    // Read here and not with the drill's texts, which the ledger keeps: it holds digests of passwords.
    let expected = try wanted.map { path in
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        throw DrillError(.keyUnreadable, stage: .restore, subject: path, detail: "the access list cannot be read")
      }
      return try engine.accessList(text)
    }
    check = AccessCheck(backup: manifest.backup, expected: expected)
    var texts: [String: String] = [:]
    for artifact in manifest.artifacts where artifact.role == .access {
      let bytes = try runner.contents(
        of: artifact.name, in: manifest.backup, opened: decoded.opened, limit: 16 << 20)
      let text = String(decoding: bytes, as: UTF8.self)
      for shard in artifact.shard.map({ [$0] }) ?? manifest.topology.shards.map(\.name) { texts[shard] = text }
    }
    restored = try texts.mapValues { try engine.accessList($0) }
    plan = AccessPlan(restored: texts, expected: expected, seed: runner.drill.seed)
  }

  /// Tries what the wave's servers let whom do; from then on the sandbox is of no other use.
  func tried(on store: any Sandbox) async throws -> AccessPart {
    var part = self
    guard let controlled = store as? any AccessControlled else {
      part.obstacles.append(
        DrillError(.usage, stage: .restore, subject: "access", detail: "this engine's sandbox cannot be given users"))
      return part
    }
    part.servers = store.shards.count
    for shard in store.shards where restored[shard] == nil {
      part.obstacles.append(
        DrillError(
          .referenceUnavailable, stage: .restore, subject: "shard \(shard)",
          detail: "the backup holds no access list of it: whoever captures needs +acl|list"))
    }
    do {
      part.facts += try await controlled.tryAccess(plan)
    } catch let error as DrillError {
      try Task.checkCancellation()
      // What was read back and compared before stands.
      part.obstacles.append(error)
    }
    return part
  }

  mutating func absorb(_ wave: AccessPart) {
    facts += wave.facts
    servers += wave.servers
    obstacles += wave.obstacles
  }

  func judge(by checks: CheckSet, into result: inout StageResult) throws {
    result.judgement.coverage.append(
      try AccessPart.coverage(declared: servers, examined: facts.count, of: Run.StageCoverage.access))
    for shard in facts {
      guard let list = restored[shard.shard] else { continue }
      result.judgement += checks.judged(check.check(list, shard))
    }
    result.judgement.obstacles += obstacles.map { Run.Obstacle($0, stage: .restore) }
    let trials = facts.reduce(0) { $0 + $1.trials.count }
    guard !facts.isEmpty else { return }
    result.notes.append(
      "\(facts.reduce(0) { $0 + $1.served.users.count }) users of \(facts.count) restored servers tried \(trials) commands,"
        + " with passwords that the sandbox alone knew")
  }
}

extension AccessPart {
  static func coverage(declared: Int, examined: Int, of name: String) throws -> Run.StageCoverage {
    Run.StageCoverage(
      .restore, of: name,
      try Coverage(
        .artifacts, declared: UInt64(declared), examined: UInt64(examined),
        skipped: [.artifactUnavailable: UInt64(declared - examined)]))
  }
}

extension DrillRunner {
  /// The modes that production's files had when they were captured, held against the one that is expected.
  func checkModes(of manifest: Manifest, into result: inout StageResult) throws {
    guard case .mode(let wanted)? = drill.access else { return }
    let files = manifest.artifacts.filter { $0.role == .data }
    result.judgement.coverage.append(
      try AccessPart.coverage(
        declared: files.count, examined: files.count { $0.mode != nil }, of: Run.StageCoverage.access))
    for artifact in files {
      guard let mode = artifact.mode else {
        let obstacle = DrillError(
          .referenceUnavailable, stage: .restore, subject: artifact.name,
          detail: "the backup does not say which mode its file had")
        result.judgement.obstacles.append(Run.Obstacle(obstacle, stage: .restore))
        continue
      }
      if let finding = AccessCheck.mode(mode, wanted: wanted, of: artifact, backup: manifest.backup) {
        result.judgement.findings += checks.judged([finding])
      }
    }
  }
}
