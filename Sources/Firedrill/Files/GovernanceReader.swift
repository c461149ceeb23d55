import DrillModel
import Yams

/// Reads the `governance:` section of a drill file: who answers for its findings, and by when.
///
/// ```yaml
/// governance:
///   owner: storage on-call
///   escalation: [head of storage, "+49 30 5550"]
///   deadlines: {critical: 24h, high: 3d, medium: 14d, low: 90d}
/// ```
///
/// The owner's name alone will do where nothing has a deadline, and one time for `deadlines` where all have the same.
enum GovernanceReader {
  /// - Parameter file: the drill file's top level.
  static func read(_ file: YAMLSection) throws -> Governance? {
    guard let node = file.node("governance") else { return nil }
    if let owner = node.string { return Governance(owner: try name(owner, node, file)) }
    let section = try file.section(node, "'governance'")
    guard let ownerNode = section.node("owner") else {
      throw section.missing(["owner"], "'governance' needs 'owner', who answers for the drill's findings")
    }
    guard let owner = ownerNode.string else { throw section.refuse(ownerNode, "'owner' must be text") }
    var governance = Governance(owner: try name(owner, ownerNode, section))
    if let escalation = try section.texts("escalation"), let place = section.node("escalation") {
      governance.escalation = try escalation.map { try name($0, place, section) }
    }
    governance.deadlines = try deadlines(section)
    try section.finish()
    return governance
  }

  private static func name(_ text: String, _ node: Node, _ section: YAMLSection) throws -> String {
    guard text.contains(where: { !$0.isWhitespace }) else { throw section.refuse(node, "nobody is named here") }
    return text
  }

  private static func deadlines(_ section: YAMLSection) throws -> [Severity: Int64] {
    guard let node = section.node("deadlines") else { return [:] }
    if node.string != nil {
      let seconds = try seconds(section, "deadlines") ?? 0
      return Dictionary(uniqueKeysWithValues: Severity.allCases.map { ($0, seconds) })
    }
    let times = try section.section(node, "'deadlines'")
    var deadlines: [Severity: Int64] = [:]
    for severity in Severity.allCases { deadlines[severity] = try seconds(times, severity.rawValue) }
    try times.finish()
    return deadlines
  }

  private static func seconds(_ section: YAMLSection, _ field: String) throws -> Int64? {
    guard let time = try section.duration(field) else { return nil }
    guard time >= .seconds(1) else {
      throw section.refuse(field, "'\(field)' must be at least a second, such as 24h or 3d")
    }
    return time.components.seconds
  }
}
