import DrillChecks
import DrillModel
import Foundation

/// What was restored, with the recorded changes made on it up to the live snapshot, as our reader of the stream has it.
struct RolledRecords: Sendable {
  var files: [ArtifactFile]
  var folded: FoldedRecords
  /// The slots of which every shard, then and later, was brought forward.
  var slots: SlotSet
  /// Records of which nobody can tell what the changes made of them.
  var notModelled: Set<ReadFacts.RecordName>
  /// Shards that were not brought forward, with the reason.
  var gaps: [String: String]

  /// What it shows, and what it cannot.
  func notes(_ tallies: [Run.DriftTally]) -> [String] {
    func count(_ cause: Drift.Cause) -> UInt64 { tallies.reduce(0) { $0 + ($1.cause == cause ? $1.count : 0) } }
    var notes = gaps.sorted { $0.key < $1.key }.map { "shard \($0.key) was not rolled forward: \($0.value)" }
    guard !files.isEmpty else { return notes }
    var text =
      "rolled forward: the recorded changes were made on what was restored, and \(count(.rolledForward)) records that"
      + " changed since the cut are then equal to the live snapshot"
    if count(.differsRolledForward) > 0 { text += "; \(count(.differsRolledForward)) are not" }
    if !notModelled.isEmpty {
      text += "; of \(notModelled.count) it cannot be told, since what a command made of them is not modelled"
    }
    notes.append(text)
    if count(.rolledForward) > 0 {
      notes.append(
        "a record that the changes write anew is equal in the end whatever the backup held of it: damage to it does not"
          + " show here and no longer matters to the live store; the checks at the cut are what finds it")
    }
    return notes
  }
}

extension DrillRunner {
  /// Makes the changes that were recorded since the cut on what was restored; nil where there is nothing to do it with.
  ///
  /// - Throws: `DrillError`: `artifact-io`, `io`.
  func rollForward(_ restored: Restored, _ window: ChangeWindow) async throws -> RolledRecords? {
    guard let engine = engine as? any RollingForward, window.changes != nil else { return nil }
    let place = "\(folder)/rolled"
    try FileManager.default.createDirectory(
      atPath: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let forward = try await onThread { try engine.rollForward(window, in: place) }
    let reading = ArtifactReading(
      engine: engine, seed: drill.seed, sampleSize: 0, clock: restored.manifest.cut.time, events: events)
    var rolled = RolledRecords(
      files: [], folded: FoldedRecords(seed: drill.seed, sampleSize: 0), slots: SlotSet(), notModelled: [],
      gaps: forward.gaps)
    for file in forward.files {
      do {
        let part = try await reading.read(NamedFile(name: file.shard, file: file), allowed: nil)
        guard part.facts.problems.isEmpty else {
          rolled.gaps[file.shard] = part.facts.problems[0].detail
          continue
        }
        rolled.files.append(file)
        rolled.folded += part.folded
        rolled.notModelled.formUnion(part.facts.leftOutRecords)
      } catch let error as DrillError where error.code == .artifactUnreadable {
        rolled.gaps[file.shard] = error.detail
      }
    }
    let names = Set(rolled.files.map(\.shard))
    rolled.slots = restored.slots.intersection(window.topology.slotsWhole(in: names))
      .intersection(window.snapshot.topology.slotsWhole(in: names))
    return rolled
  }
}
