public import DrillModel
import Foundation

/// What became of one scenario on one engine.
public struct ScenarioResult: Sendable, Codable {
  public var scenario: String
  /// What it is a variant of; its own name where there is one alone.
  public var family: String
  public var faultClass: Scenario.FaultClass
  public var about: String
  public var engine: ProductionFile.Engine
  public var seed: UInt64
  /// What shows that something was planted.
  public var proofs: [String]
  /// With which status the program ended; nil: it did not end by itself.
  public var status: Int32?
  /// The codes of findings, and where there are none of obstacles, sorted.
  public var foundBy: [String]
  public var firstStage: Stage?
  /// In what it ended otherwise than expected; empty: it was caught as it should be.
  public var differences: [String]
  /// Why nothing can be said; empty: something can.
  public var unproven: [String]
  /// In what the clean neighbour was not clean; empty: it was.
  public var neighbour: [String]
  public var elapsedMs: Double

  /// A fault that was not planted for sure proves nothing, and neither does one whose neighbour is found fault with.
  public var verdict: Verdict {
    if !differences.isEmpty && unproven.isEmpty || !neighbour.isEmpty { return .fail }
    return unproven.isEmpty ? .pass : .inconclusive
  }

  public var caught: Bool { verdict == .pass }
}

extension ScenarioResult {
  /// One line for people.
  public var line: String {
    let found = foundBy.isEmpty ? "nothing" : foundBy.joined(separator: ", ")
    let word =
      switch verdict {
      case .pass: "found"
      case .inconclusive: "cannot be told"
      case .fail: "NOT AS STATED"
      }
    return "\(word)  \(scenario), \(engine.rawValue): \(found)\(firstStage.map { " at \($0.rawValue)" } ?? "")"
  }

  /// With all that is wrong.
  public var text: String {
    ([line] + (differences + unproven + neighbour.map { "clean neighbour: \($0)" }).map { "  \($0)" }).joined(
      separator: "\n")
  }

  public static func encoded(_ results: [ScenarioResult]) throws -> String {
    String(decoding: try CanonicalJSON.encode(results), as: UTF8.self)
  }

  /// - Throws: `DrillError` with `bad-file`.
  public static func read(at path: String) throws -> [ScenarioResult] {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    do {
      return try JSONDecoder().decode([ScenarioResult].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw DrillError(
        .badFile, subject: name, detail: "not what `firedrill scenario run --results` writes", underlying: error)
    }
  }
}
