import DrillModel

/// Fields of the drill file, each as YAML, that are otherwise than where nothing is planted: an objective that is missed, a key that is not trusted any more.
struct DrillPlant: Plant {
  var fields: [String: String]

  init(_ section: YAMLSection) throws { fields = try section.texts(mappedBy: "drill") }

  func planted(
    in bench: ScenarioBench, _ body: (ScenarioBench) async throws -> ScenarioOutcome
  ) async throws -> ScenarioOutcome {
    var bench = bench
    let changed = fields.filter { bench.drill[$0.key] != $0.value }
    guard !changed.isEmpty else {
      throw DrillError(.io, subject: "drill", detail: "nothing was planted: the drill says so already")
    }
    bench.drill.merge(changed) { $1 }
    bench.proofs.append("the drill says otherwise: \(changed.keys.sorted().joined(separator: ", "))")
    return try await body(bench)
  }
}
