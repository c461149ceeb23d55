import DrillModel

/// The cluster files by which the productions of scenarios and of clean seeds are captured.
enum ScenarioClusterText {
  /// - Parameters:
  ///   - production: its databases lie in `live/` beside the file.
  ///   - tombstones: beside the production's own.
  ///   - answers: fields of `answers` beside the number of operations and the budget.
  static func sqlite(
    _ production: ClusterDescription, named name: String = "shop", tombstones: [String: String] = [:], answers: String
  ) -> String {
    let files = production.files.map {
      "  - {shard: \($0.name), path: live/\($0.name).db, slots: \"\($0.slots?.description ?? "")\"}\n"
    }.joined()
    let all = production.tombstones.merging(tombstones) { $1 }.sorted { $0.key < $1.key }
    return "cluster: \(name)\nengine: sqlite\nfiles:\n\(files)version_columns: {\"*\": version}\n"
      + "tombstones: {\(all.map { "\($0.key): \($0.value)" }.joined(separator: ", "))}\n"
      + "capture: {cut: coherent, max_pause: 60s}\nanswers: {operations: 200, budget: 60s, \(answers)}\n"
  }

  static func redis(_ masters: [Endpoint], named name: String = "shop", answers: String) -> String {
    "cluster: \(name)\nengine: redis\nmode: cluster\n"
      + "nodes: [\(masters.map { "\"\($0)\"" }.joined(separator: ", "))]\n"
      + "capture: {cut: coherent, max_pause: 10s, from: masters}\n"
      + "answers: {operations: 200, budget: 5s, \(answers)}\n"
  }
}
