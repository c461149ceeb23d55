import DrillChecks
import DrillModel
import Testing

@testable import Firedrill

/// A fault that one check finds, and what is found of it where that check is left out.
struct MutationRow: Sendable, CustomTestStringConvertible {
  var check: Check
  var fault: String
  /// With all checks.
  var found: Set<FindingCode>
  /// Without the check: what others find of the same fault.
  var still: Set<FindingCode> = []
  /// What the check is for, where no fault is known that it alone finds.
  var reason: String?
  var plant: @Sendable (DrillBench) async throws -> ComposedDrill

  var testDescription: String { "\(check.rawValue): \(fault)" }

  /// Runs the drill with all checks, and without the one.
  func expectHolds(on bench: DrillBench) async throws {
    let drill = try await plant(bench)
    let whole = try await drill.run(.all)
    #expect(Set(whole.findings.map(\.code)) == found, "\(self) with all checks: \(whole.said)")
    #expect(whole.verdict == .fail)
    let mutant = try await drill.run(.without(check))
    #expect(Set(mutant.findings.map(\.code)) == still, "\(self) without the check: \(mutant.said)")
    #expect(!mutant.findings.contains { Check($0.code) == check })
  }
}

extension Run {
  fileprivate var said: String {
    (findings.prefix(5).map {
      "\($0.stage.rawValue) \($0.code.rawValue) [\($0.subject)] \($0.expected) / \($0.observed)"
    }
      + obstacles.prefix(5).map { "\($0.stage.rawValue) \($0.code.rawValue) \($0.detail)" }).joined(separator: "; ")
  }
}
