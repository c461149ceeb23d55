public import DrillEvidence
import DrillModel
import Foundation
import Yams

/// A retention rule as its file says it, with how it is asked whether artifacts can be changed.
public struct RetentionRuleFile: Sendable {
  public var rule: RetentionRule
  /// Nil where that is not required.
  public var immutability: ImmutabilityProbe?
}

/// Reads a retention rule. `drills/README.md` documents every field.
///
/// ```yaml
/// retention: shop
/// classes:
///   daily: {keep: 14d, keep_last: 3}
///   pre-move: {keep: 30d}
/// ordinary: {keep_daily: 7, keep_weekly: 4, keep_monthly: 12}
/// ```
public struct RetentionRuleReader {
  private let texts: FileTexts
  private let name: String

  public init(path: String) {
    let url = URL(fileURLWithPath: path)
    name = url.lastPathComponent
    texts = FileTexts(folder: url.deletingLastPathComponent().path)
  }

  init(name: String, texts: FileTexts) {
    self.name = name
    self.texts = texts
  }

  /// - Throws: `DrillError` with `bad-file`, and file, line and column.
  public func rule() throws -> RetentionRuleFile {
    let file = try YAMLSection(file: name, text: try texts.text(name))
    var rule = RetentionRule(name: try file.requiredText("retention"), classes: [:])
    for (name, node) in try file.nodes(mappedBy: "classes") {
      rule.classes[name] = try keep(file.section(node, "class '\(name)'"))
    }
    if let section = try file.section("ordinary") { rule.ordinary = try keep(section) }
    let immutability = try ImmutabilityProbe.read(file, absolute: texts.absolute)
    guard !rule.classes.isEmpty || rule.ordinary != nil else {
      throw file.missing(
        ["classes", "ordinary"], "the rule needs 'classes', or 'ordinary' for backups without a class")
    }
    try file.finish()
    return RetentionRuleFile(rule: rule, immutability: immutability)
  }

  private func keep(_ section: YAMLSection) throws -> RetentionRule.Keep {
    var keep = RetentionRule.Keep()
    if section.node("keep")?.string == "forever" {
      keep.isForever = true
    } else {
      keep.age = try section.duration("keep")
    }
    keep.last = try section.integer("keep_last", in: 1...1_000_000) ?? 0
    keep.daily = try section.integer("keep_daily", in: 1...1_000_000) ?? 0
    keep.weekly = try section.integer("keep_weekly", in: 1...1_000_000) ?? 0
    keep.monthly = try section.integer("keep_monthly", in: 1...1_000_000) ?? 0
    try section.finish()
    guard keep != RetentionRule.Keep() else {
      throw section.missing(
        ["keep", "keep_last", "keep_daily", "keep_weekly", "keep_monthly"],
        "a class that keeps nothing would drop every backup of it; give it 'keep' or 'keep_last'")
    }
    return keep
  }
}
