import DrillChecks
import DrillModel
import Foundation

/// What a run had before it when its stages were done, and so what its self-test plants faults in; nil: not reached.
struct SelfTestGround: Sendable {
  var backup: DrilledBackup
  var files: StoredBackup?
  var reference: ReferenceData?
  var decoded: Decoded?
  var restored: Restored?
}

extension DrillRunner {
  /// Plants faults in copies of what the run looked at, and gives them to the run's own checks.
  ///
  /// What it costs is bounded: one artifact is read once more, the smallest, and of larger ones only a beginning is copied.
  func testItself(on ground: SelfTestGround) async throws -> (Void?, StageResult) {
    let start = ContinuousClock.now
    let place = "\(folder)/self-test"
    try FileManager.default.createDirectory(
      atPath: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(atPath: place) }
    var planting = FaultPlanting(in: ground, for: self, below: place)
    var test = try await planting.plant(drill.selfTestFaults)
    test.elapsedMs = start.duration(to: .now).milliseconds
    var result = StageResult()
    result.selfTest = test
    return ((), result)
  }
}
