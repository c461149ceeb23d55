import DrillModel

/// Fault × engine, with what found it: as Markdown, from the results of a run.
public struct ScenarioMatrix: Sendable {
  public var results: [ScenarioResult]
  public init(_ results: [ScenarioResult]) { self.results = results }

  public var markdown: String {
    var lines = ["| class | fault | engine | found by | first stage | caught |", "|---|---|---|---|---|---|"]
    for (_, rows) in grouped {
      let first = rows[0]
      let engines = Set(rows.map(\.engine.rawValue)).sorted().joined(separator: ", ")
      let variants = Set(rows.map(\.scenario))
      let name = variants.count == 1 ? first.scenario : "\(first.family), \(variants.count) variants"
      let codes = first.foundBy.map { "`\($0)`" }.joined(separator: ", ")
      lines.append(
        "| \(first.faultClass.rawValue) | \(name) | \(engines) | \(codes.isEmpty ? "nothing" : codes) | \(first.firstStage?.rawValue ?? "–") | \(first.caught ? "yes" : "NO") |"
      )
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Engines on which a fault was found in the same way share a line, and so do variants.
  private var grouped: [(key: String, rows: [ScenarioResult])] {
    var order: [String] = []
    var rows: [String: [ScenarioResult]] = [:]
    for result in results {
      let key =
        "\(result.family) \(result.foundBy) \(result.firstStage?.rawValue ?? "") \(result.caught)"
      if rows[key] == nil { order.append(key) }
      rows[key, default: []].append(result)
    }
    return order.map { ($0, rows[$0] ?? []) }
  }
}
