import DrillModel

/// Findings of one code.
struct FindingGroup {
  var code: FindingCode
  /// The first stage in which they appear.
  var stage: Stage
  var findings: [Finding]

  /// By stage, then the larger group first.
  static func groups(_ findings: [Finding]) -> [FindingGroup] {
    findings.map(\.code).uniqued().compactMap { code in
      let own = findings.filter { $0.code == code }.sorted { $0.stage < $1.stage }
      return own.first.map { FindingGroup(code: code, stage: $0.stage, findings: own) }
    }.sorted { ($0.stage, $1.findings.count, $0.code.rawValue) < ($1.stage, $0.findings.count, $1.code.rawValue) }
  }

  var title: String { findings.count == 1 ? code.rawValue : "\(code.rawValue) ×\(Format.count(findings.count))" }

  /// The subjects of a few, and how many there are beside them.
  func subjects(_ limit: Int) -> String {
    let names = findings.map(\.subject.description).filter { !$0.isEmpty }.uniqued()
    let more = names.count - limit
    return names.prefix(limit).map { $0.clipped(to: 120) }.joined(separator: "; ")
      + (more > 0 ? "; and \(Format.count(more)) more" : "")
  }
}
