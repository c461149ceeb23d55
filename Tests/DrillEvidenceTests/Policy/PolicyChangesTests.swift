import DrillEvidence
import DrillModel
import Testing

@Suite("Changes of policy")
struct PolicyChangesTests {
  private func text(_ rto: String, workload: String = "operations: 100\n") -> [String: String] {
    [
      "nightly.yaml": "drill: nightly\nobjectives:\n  rto: \(rto)\nlevel: answers\n", "read.yaml": workload,
      ".": "/somewhere/nightly.yaml",
    ]
  }

  private func sample(_ policies: [[String: String]]) -> SampleHistory {
    var sample = SampleHistory()
    for files in policies { sample.add { $0.files = files } }
    return sample
  }

  private func differences(_ sample: SampleHistory, dropped day: Double? = nil) throws -> [PolicyDifference] {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      try sample.write(to: ledger)
      if let day { try ledger.dropDetails(before: SampleHistory.time(day), at: SampleHistory.time(99)) }
      return try ledger.policyDifferences()
    }
  }

  @Test("a threshold that was changed is seen, with when, by which run, and the lines")
  func threshold() throws {
    let sample = sample([text("30m"), text("30m"), text("4h"), text("30m")])
    let found = try differences(sample)
    #expect(found.map(\.change.run) == ["nightly-2", "nightly-3"])
    #expect(found.map(\.change.before) == ["nightly-1", "nightly-2"])
    #expect(found[0].change.at == SampleHistory.time(2) && found[0].change.from == found[1].change.to)
    let file = try #require(found[0].files?.first)
    #expect(found[0].files?.count == 1 && file.name == "nightly.yaml" && file.kind == .changed)
    #expect(file.lines.map(\.text) == ["  rto: 30m", "  rto: 4h"])
    #expect(file.lines.map(\.number) == [3, 3] && file.lines.map(\.isAdded) == [false, true])
    let words = PolicyChangesText(found).text()
    #expect(words.contains("-3    rto: 30m") && words.contains("+3    rto: 4h"), "\(words)")
  }

  @Test("the same policy from another folder is no change, and neither is another drill's")
  func neighbours() throws {
    var moved = text("30m")
    moved["."] = "/elsewhere/nightly.yaml"
    var sample = sample([text("30m"), moved])
    sample.add(drill: "weekly") { $0.files = text("8h") }
    sample.add { $0.files = moved }
    #expect(try differences(sample).isEmpty)
  }

  @Test("a file that was added, and one that is no longer named")
  func files() throws {
    var fewer = text("30m")
    fewer["read.yaml"] = nil
    let found = try differences(sample([text("30m"), fewer, text("30m", workload: "operations: 5\n")]))
    #expect(found.map { $0.files?.map(\.kind) } == [[.removed], [.added]])
    #expect(found[1].files?[0].lines.map(\.text) == ["operations: 5"])
  }

  @Test("once the texts have been dropped by age, the change is still seen")
  func dropped() throws {
    let found = try differences(sample([text("30m"), text("4h"), text("4h")]), dropped: 50)
    #expect(found.map(\.change.run) == ["nightly-1"])
    #expect(found[0].files == nil)
    #expect(PolicyChangesText(found).text().contains("dropped by age"))
  }
}
