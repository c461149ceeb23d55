import DrillChecks
import DrillCrypto
import DrillEngines
import DrillModel
import Foundation

@testable import Firedrill

/// Runs a drill as the runner does, composed of the checks that a test wants; nothing is recorded.
struct ComposedDrill: Sendable {
  var bench: DrillBench
  var drill = DrillBench.Drill()
  var engine: any Engine = SQLiteEngine()
  var point = ChainPoint.cut
  /// Manifests that earlier runs saw.
  var known: [String: RunRecords.KnownManifest] = [:]
  /// Checks without a restore, against this topology.
  var expected: Topology?

  func run(_ checks: CheckSet) async throws -> Run {
    let file = try DrillFile.read(path: bench.write(drill))
    let folder = "\(bench.folder)/w\(String(UInt32.random(in: .min ... .max), radix: 36))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let now = Instant.now
    var draft = RunDraft(
      Run(
        id: "composed", drill: file.name, cluster: file.clusterName, engine: engine.name, files: [:], seed: file.seed,
        startedAt: now, finishedAt: now, tool: "test", host: "test", requiredLevel: file.level),
      redactor: nil, events: { _ in })
    let catalog = try Catalog(root: bench.catalog)
    let runner = DrillRunner(
      drill: file, engine: engine, catalog: catalog, cluster: file.cluster, point: point,
      trust: try file.trust.policy(), known: known, verifiedCuts: [], folder: folder, events: { _ in },
      checks: checks)
    let entry = try catalog.entry(named: bench.backup)
    if let expected {
      try await runner.check(
        entry, expecting: { ExpectedTopology(topology: expected, source: "the test") }, into: &draft)
    } else {
      try await runner.run(entry, into: &draft)
    }
    return draft.finish()
  }
}
