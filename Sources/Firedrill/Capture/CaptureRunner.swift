import DrillChecks
import DrillCrypto
import DrillEngines
import DrillModel
import DrillReplay
import Foundation
import Synchronization

/// Backs up a live cluster: estimate, refuse or go on, capture with the reference taken while the cut is held, seal, and only then name it in the catalog.
struct CaptureRunner: Sendable {
  var engine: any Engine
  var cluster: ClusterFile
  var catalog: String
  var key: SigningKey
  /// The retention class, and why the backup is taken; kept in the manifest.
  var retention: String?
  var rationale: String?
  var follows: Bool
  /// The backup to take an increment on, `latest` or an id; nil: a full backup is taken.
  var on: String?
  /// Whose signatures over that backup count, beside ``key``.
  var trust = TrustPolicy([PublicKey]())
  /// How its artifacts are stored; nil: as they are.
  var encoding: EncodingSection?
  /// What opens the backup that an increment is taken on.
  var keys: KeySection?
  var events: DrillEventHandler

  /// Records that a held store is asked for, by kind and namespace, when its keys are sampled.
  static let sampleSize = 4096

  /// - Parameter body: runs with the sealed backup while the cluster is still connected, and while changes are followed where ``follows``.
  func run<R: Sendable>(_ body: @escaping @Sendable (SealedManifest) async throws -> R) async throws -> R {
    try await engine.withLive(cluster.description) { live in
      let sealed = try await capture(live)
      guard follows else { return try await body(sealed) }
      guard let follower = live as? any ChangeFollowing else {
        throw DrillError(
          .usage, subject: cluster.description.engine,
          detail: "this engine needs no following: rows carry their version; leave out 'follow'")
      }
      let folder = ChangeFolder.path(catalog: catalog, backup: sealed.manifest.backup)
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let isDone = Flag()
      return try await withThrowingTaskGroup(of: R?.self) { group in
        group.addTask {
          try await follower.follow(
            from: sealed.manifest.cut, topology: sealed.manifest.topology, into: folder, isDone: { isDone.isRaised })
          return nil
        }
        group.addTask {
          defer { isDone.raise() }
          return try await body(sealed)
        }
        var result: R?
        for try await part in group { result = part ?? result }
        guard let result else { throw CancellationError() }
        return result
      }
    }
  }

  private func capture(_ live: any LiveCluster) async throws -> SealedManifest {
    var plan = cluster.description.capture
    plan.follows = follows
    plan.isIncrement = on != nil
    let estimate = try await live.estimate(plan)
    for line in estimate.lines { events(.note(line)) }
    guard estimate.refusals.isEmpty else {
      throw DrillError(
        .captureRefused, subject: cluster.description.name, detail: estimate.refusals.joined(separator: "; "))
    }

    guard let encoding else { return try await capture(live, plan, encoder: nil, plain: nil) }
    // What a filter of one's own does is nobody's business, so it may encrypt.
    let mayEncrypt = encoding.filters.contains { FilterTools.Builtin(rawValue: $0).map { $0.keyKind != nil } ?? true }
    if follows, mayEncrypt {
      throw DrillError(
        .usage, subject: "follow",
        detail:
          "what is recorded of changes lies in the catalog in plain; leave out 'follow' where backups are encrypted, by a filter of your own too"
      )
    }
    // In the catalog nothing lies but what is encoded; what this process leaves in plain if it dies, the next one removes.
    return try await RunFolder.with(below: Workplace.workRoot()) { work in
      let encoder = try await ArtifactEncoder(encoding, in: work)
      return try await capture(live, plan, encoder: encoder, plain: "\(work)/plain")
    }
  }

  private func capture(
    _ live: any LiveCluster, _ plan: CapturePlan, encoder: ArtifactEncoder?, plain: String?
  ) async throws -> SealedManifest {
    let predecessor = try on.map {
      try Predecessor(
        $0, in: catalog, of: cluster.description, engine: engine, trust: trust.adding(key.publicKey), keys: keys)
    }
    let staging = try StagedBackup(
      catalog: catalog, cluster: cluster.description.name, encoder: encoder, plain: plain)
    defer { staging.discard() }
    var reference = CapturedReference()
    try await reference.prepare(cluster, live: live, engine: engine)
    events(.started(.catalog, detail: "capturing \(cluster.description.name)"))
    let start = ContinuousClock.now
    var captured = try await capture(live, plan, on: predecessor, into: staging.folder) { held in
      try await reference.take(from: held, cluster: cluster, engine: engine)
    }
    events(.finished(.catalog, elapsed: start.duration(to: .now)))
    if cluster.description.tls?.verification == .authority {
      captured.cut.proof.append(TLSSettings.unnamed)
    }
    if captured.pause > .zero { events(.note("writes were paused for \(Int(captured.pause.milliseconds)) ms")) }
    return try await staging.seal(
      captured, access: await accessLists(of: live), on: predecessor?.last, reference: reference,
      cluster: cluster.description, key: key,
      retention: retention, rationale: rationale)
  }

  /// Who may do what on each shard, as far as we may ask; what is not told is noted.
  private func accessLists(of live: any LiveCluster) async -> [String: String] {
    guard let telling = live as? any AccessTelling else { return [:] }
    var lists: [String: String] = [:]
    var untold: [DrillError] = []
    for (shard, result) in await telling.accessLists().sorted(by: { $0.key < $1.key }) {
      switch result {
      case .success(let list): lists[shard] = list
      case .failure(let error): untold.append(error)
      }
    }
    if let first = untold.first {
      events(.note("the access lists of \(untold.count) shards are not in the backup: \(first.detail)"))
    }
    return lists
  }

  private func capture(
    _ live: any LiveCluster, _ plan: CapturePlan, on predecessor: Predecessor?, into folder: String,
    whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> CapturedBackup {
    guard let predecessor else { return try await live.capture(plan, into: folder, whileHeld: whileHeld) }
    guard let incremental = live as? any IncrementCapturing else {
      throw DrillError(
        .usage, subject: cluster.description.engine, detail: "this engine takes no increments; leave out --on")
    }
    return try await RunFolder.with(below: Workplace.workRoot()) { work in
      let captured = try await incremental.captureIncrement(
        on: predecessor.described(in: work, events: events), plan, into: folder, whileHeld: whileHeld)
      guard Set(captured.cut.positions.keys) == Set(predecessor.last.manifest.cut.positions.keys) else {
        throw DrillError(
          .captureRefused, subject: predecessor.last.manifest.backup,
          detail: "the cluster has other shards now; take a full backup, without --on")
      }
      guard captured.cut.time > predecessor.last.manifest.cut.time else {
        throw DrillError(
          .captureRefused, subject: predecessor.last.manifest.backup,
          detail:
            "it was taken at \(predecessor.last.manifest.cut.time), and the clock now says \(captured.cut.time); set the clocks right, or take a full backup, without --on"
        )
      }
      return captured
    }
  }
}

/// A flag that one task raises and another looks at.
final class Flag: Sendable {
  private let raised = Atomic<Bool>(false)
  var isRaised: Bool { raised.load(ordering: .acquiring) }
  func raise() { raised.store(true, ordering: .releasing) }
}

/// Where the change logs of a backup lie: beside the backups, since no manifest names them.
enum ChangeFolder {
  static func path(catalog: String, backup: String) -> String { "\(catalog)/.changes/\(backup)" }
}
