import DrillModel
import Foundation
import Testing

@testable import Firedrill

/// The catalogue of faults is whole, and what runs it can tell a fault that is found from one that is not.
@Suite("The fault catalogue", .serialized)
struct ScenarioCatalogueTests {
  private static func catalogue() throws -> [Scenario] {
    try Firedrill.scenarios(at: Repository.path("drills/scenarios"))
  }

  /// Runs scenarios with the program that was built beside the tests.
  private func run(_ scenarios: [Scenario], on engine: ProductionFile.Engine) async throws -> [ScenarioResult] {
    try await Firedrill.run(scenarios, on: [engine], seed: 1, program: FiredrillProcess.executable)
  }

  @Test("every file of it can be read, and each scenario says what it is about")
  func files() throws {
    let all = try Self.catalogue()
    #expect(Set(all.map(\.name)).count == all.count && all.count >= 100)
    for scenario in all {
      #expect(scenario.about.hasSuffix("."), "\(scenario.name)")
      #expect(Set(scenario.expected.keys) == Set(scenario.engines) && !scenario.engines.isEmpty, "\(scenario.name)")
    }
  }

  @Test("every finding has a fault that must lead to it")
  func codes() throws {
    let expected = try Self.catalogue().flatMap { $0.expected.values.flatMap(\.findings) }
    let missing = Set(FindingCode.allCases).subtracting(expected).map(\.rawValue).sorted()
    #expect(missing.isEmpty, "no scenario expects \(missing.joined(separator: ", "))")
  }

  @Test("one fault of a class is found as stated, and its neighbour is clean: SQLite")
  func sqlite() async throws {
    let names: Set = [
      "special-link", "resigned-by-other", "null-empty-captured", "slot-overlap", "coverage", "backup-gone",
    ]
    let results = try await run(Self.catalogue().filter { names.contains($0.name) }, on: .sqlite)
    #expect(Set(results.map(\.scenario)) == names)
    for result in results { #expect(result.caught, "\(result.text)") }
  }

  @Test("one fault of a class is found as stated, and its neighbour is clean: Redis")
  func redis() async throws {
    let names: Set = ["truncated-empty", "rolled-back", "record-double", "server-is-another"]
    let results = try await run(Self.catalogue().filter { names.contains($0.name) }, on: .redis)
    #expect(Set(results.map(\.scenario)) == names)
    for result in results { #expect(result.caught, "\(result.text)") }
  }

  @Test("a scenario that states what is not so is not as stated, and one that plants nothing cannot be told")
  func wrong() async throws {
    let link = "shell: 'mv \"backups/$artifact\" aside; ln -s \"$PWD/aside\" \"backups/$artifact\"'"
    func text(_ name: String, plant: String, harmless: String = "", expect: String) -> String {
      """
      scenario: \(name)
      class: artifact
      about: Wrong on purpose.
      base: backup
      plant: [{\(plant)}]
      \(harmless)
      drill: {level: bytes}
      expect: \(expect)

      """
    }
    let notRegular = "{verdict: fail, stage: integrity, findings: [artifact-not-regular]}"
    let texts = [
      "right": text("right", plant: link, expect: notRegular),
      "other-code": text(
        "other-code", plant: link, expect: "{verdict: fail, stage: integrity, findings: [artifact-missing]}"),
      "other-stage": text(
        "other-stage", plant: link, expect: "{verdict: fail, stage: decode, findings: [artifact-not-regular]}"),
      "other-verdict": text(
        "other-verdict", plant: link, expect: "{verdict: inconclusive, findings: [artifact-not-regular]}"),
      "one-more": text(
        "one-more", plant: link, expect: "{verdict: fail, findings: [artifact-not-regular, size-mismatch]}"),
      "one-fewer": text("one-fewer", plant: link, expect: "{verdict: fail, findings: []}"),
      "harm": text("harm", plant: link, harmless: "harmless: [{\(link)}]", expect: notRegular),
      "nothing": text("nothing", plant: "shell: 'true'", expect: notRegular),
      "nothing-and-pass": text("nothing-and-pass", plant: "shell: 'true'", expect: "{verdict: pass}"),
      "failing": text("failing", plant: "shell: 'false'", expect: notRegular),
    ]
    try await TestBench.with { bench in
      for (name, text) in texts { try bench.write(text, to: "\(name).yaml") }
      let results = try await run(Firedrill.scenarios(at: bench.folder), on: .sqlite)
      let verdicts = Dictionary(uniqueKeysWithValues: results.map { ($0.scenario, $0.verdict) })
      #expect(
        verdicts == [
          "right": .pass, "other-code": .fail, "other-stage": .fail, "other-verdict": .fail, "one-more": .fail,
          "one-fewer": .fail, "harm": .fail, "nothing": .inconclusive, "nothing-and-pass": .inconclusive,
          "failing": .inconclusive,
        ])
      #expect(results.filter { $0.scenario == "harm" }.allSatisfy { !$0.neighbour.isEmpty && $0.differences.isEmpty })
    }
  }

  @Test("a file that is not of the documented form is refused, with the place")
  func refused() throws {
    let right = """
      scenario: x
      class: artifact
      about: One.
      base: backup
      plant: [{bytes: remove}]
      expect: {verdict: fail}
      """
    func problem(_ text: String, named name: String = "x") throws -> DrillError? {
      try withWordsFolder { folder in
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name).yaml"))
        do {
          _ = try Firedrill.scenarios(at: folder)
          return nil
        } catch let error as DrillError { return error }
      }
    }
    #expect(try problem(right) == nil)
    let wrong = [
      right.replacing("scenario: x", with: "scenario: y"), right.replacing("class: artifact", with: "class: other"),
      right.replacing("base: backup", with: "base: other"), right.replacing("[{bytes: remove}]", with: "[]"),
      right.replacing("bytes: remove", with: "bytes: other"), right.replacing("bytes: remove", with: "other: remove"),
      right.replacing("bytes: remove", with: "bytes: flip-byte, at: 8..0"), right.replacing("verdict: fail", with: ""),
      right.replacing("verdict: fail", with: "verdict: fail, findings: [other]"), right + "\nextra: 1",
      right.replacing("expect: {verdict: fail}", with: ""), right + "\nengines: [other]",
    ]
    for text in wrong { #expect(try problem(text)?.code == .badFile, "\(text)") }
  }

  @Test("variants of one file are scenarios of their own")
  func variants() throws {
    let all = try Self.catalogue().filter { $0.name.hasPrefix("field-edited-") }
    #expect(
      all.count >= 25
        && all.contains { $0.about == "The field cut.time of the manifest is changed, under the old signature." })
  }
}
