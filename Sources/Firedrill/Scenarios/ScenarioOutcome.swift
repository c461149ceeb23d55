import DrillModel
import Foundation

/// What a program that was run for a scenario said.
struct ScenarioOutcome: Sendable {
  /// Nil where a signal ended it, or it had to be ended.
  var status: Int32?
  var findings: [Found<FindingCode>] = []
  var obstacles: [Found<DrillError.Code>] = []
  /// What it printed on its standard output.
  var output: [UInt8] = []
  /// The last lines of what it complained of.
  var lines: [String] = []
  /// Why it cannot be said that something was planted; empty: it was.
  var unproven: [String] = []
  var elapsed = Duration.zero

  struct Found<Code: Hashable & Sendable>: Hashable, Sendable {
    var code: Code
    var stage: Stage?
  }

  /// The first stage with a finding, or where there is none with an obstacle.
  var firstStage: Stage? { findings.compactMap(\.stage).min() ?? obstacles.compactMap(\.stage).min() }

  /// Takes findings and obstacles out of whatever JSON a command prints: objects with `code`, and mostly `stage`.
  mutating func read(_ output: [UInt8]) {
    self.output = output
    // Several documents follow each other where several runs were made.
    for document in ScenarioOutcome.documents(output) { collect(document) }
  }

  /// Takes the codes of what ended the program before it had a result: a complaint ends in `[CODE]`.
  mutating func readComplaints() {
    for line in lines {
      guard let match = line.firstMatch(of: /\[([a-z-]+)\]$/), let code = DrillError.Code(rawValue: String(match.1))
      else { continue }
      obstacles.append(Found(code: code, stage: nil))
    }
  }

  private mutating func collect(_ value: Any) {
    if let list = value as? [Any] {
      for element in list { collect(element) }
    } else if let object = value as? [String: Any] {
      if let code = object["code"] as? String {
        let stage = (object["stage"] as? String).flatMap(Stage.init(rawValue:))
        if let code = FindingCode(rawValue: code) {
          findings.append(Found(code: code, stage: stage))
        } else if let code = DrillError.Code(rawValue: code) {
          obstacles.append(Found(code: code, stage: stage))
        }
      }
      for element in object.values { collect(element) }
    }
  }

  private static func documents(_ output: [UInt8]) -> [Any] {
    if let whole = try? JSONSerialization.jsonObject(with: Data(output)) { return [whole] }
    return output.split(separator: UInt8(ascii: "\n")).compactMap { try? JSONSerialization.jsonObject(with: Data($0)) }
  }

  /// In what it differs from what was expected; empty: in nothing.
  func differences(from expected: ScenarioExpectation) -> [String] {
    var differences: [String] = []
    if status != expected.status.rawValue {
      differences.append(
        "it ended with \(status.map(String.init) ?? "a signal"), and \(expected.status.rawValue) was expected")
    }
    func compare<Code: RawRepresentable<String> & Hashable>(
      _ what: String, _ got: Set<Code>, _ wanted: Set<Code>, _ allowed: Set<Code> = []
    ) {
      let missing = wanted.subtracting(got).map(\.rawValue).sorted()
      let more = got.subtracting(wanted).subtracting(allowed).map(\.rawValue).sorted()
      if !missing.isEmpty { differences.append("\(what) missing: \(missing.joined(separator: ", "))") }
      if !more.isEmpty { differences.append("\(what) not expected: \(more.joined(separator: ", "))") }
    }
    let found = Set(findings.map(\.code))
    compare("findings", found, expected.findings, expected.also.union(expected.any))
    if !expected.any.isEmpty, expected.any.isDisjoint(with: found) {
      differences.append("findings missing: one of \(expected.any.map(\.rawValue).sorted().joined(separator: ", "))")
    }
    compare("obstacles", Set(obstacles.map(\.code)), expected.obstacles, expected.alsoObstacles)
    for words in expected.says where output.firstRange(of: words.utf8) == nil {
      differences.append("it does not say '\(words)'")
    }
    if let stage = expected.stage, firstStage != stage {
      differences.append("the first stage was \(firstStage?.rawValue ?? "none"), and \(stage.rawValue) was expected")
    }
    return differences
  }
}
