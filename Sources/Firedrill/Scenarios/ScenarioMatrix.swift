import DrillModel

/// Fault × engine, with what found it: as Markdown, from the results of a run.
public struct ScenarioMatrix: Sendable {
  public var results: [ScenarioResult]
  public init(_ results: [ScenarioResult]) { self.results = results }

  public var markdown: String {
    var lines = [
      "| class | fault | engine | found by | first stage | verdict | caught |", "|---|---|---|---|---|---|---|",
    ]
    for (_, rows) in grouped {
      let first = rows[0]
      let engines = Set(rows.map(\.engine.rawValue)).sorted().joined(separator: ", ")
      let variants = Set(rows.map(\.scenario))
      let name = variants.count == 1 ? first.scenario : "\(first.family), \(variants.count) variants"
      let codes = first.foundBy.map { "`\($0)`" }.joined(separator: ", ")
      let cells = [
        first.faultClass.rawValue, name, engines, codes.isEmpty ? "–" : codes, first.firstStage?.rawValue ?? "–",
        first.status.flatMap(ExitStatus.init(rawValue:)).map { "\($0)" } ?? "–", first.caught ? "yes" : "NO",
      ]
      lines.append("| \(cells.joined(separator: " | ")) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Class × engine: how many faults of how many were caught.
  public var summary: String {
    let engines = ProductionFile.Engine.allCases
    var lines = [
      "| class | \(engines.map(\.rawValue).joined(separator: " | ")) | first stages |",
      "|---|\(String(repeating: "---|", count: engines.count + 1))",
    ]
    for faultClass in Scenario.FaultClass.allCases {
      let own = results.filter { $0.faultClass == faultClass }
      guard !own.isEmpty else { continue }
      let caught = engines.map { engine in
        let ofEngine = own.filter { $0.engine == engine }
        return ofEngine.isEmpty ? "–" : "\(ofEngine.count(where: \.caught)) of \(ofEngine.count)"
      }
      let stages = Set(own.compactMap(\.firstStage)).sorted().map(\.rawValue)
      let cells = [faultClass.rawValue] + caught + [stages.isEmpty ? "–" : stages.joined(separator: ", ")]
      lines.append("| \(cells.joined(separator: " | ")) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Engines on which a fault was found in the same way share a line, and so do variants.
  private var grouped: [(key: String, rows: [ScenarioResult])] {
    var order: [String] = []
    var rows: [String: [ScenarioResult]] = [:]
    for result in results {
      let key =
        "\(result.family) \(result.foundBy) \(result.firstStage?.rawValue ?? "") \(result.status ?? -1) \(result.caught)"
      if rows[key] == nil { order.append(key) }
      rows[key, default: []].append(result)
    }
    return order.map { ($0, rows[$0] ?? []) }
  }
}
