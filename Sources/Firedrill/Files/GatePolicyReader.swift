public import DrillEvidence
import DrillModel
import Foundation
import Yams

/// Reads a gate policy. `drills/README.md` documents every field.
public struct GatePolicyReader {
  private let text: String
  private let name: String

  /// - Throws: `DrillError` with `bad-file` where it cannot be read.
  public init(path: String) throws {
    let url = URL(fileURLWithPath: path)
    name = url.lastPathComponent
    text = try FileTexts(folder: url.deletingLastPathComponent().path).text(name)
  }

  init(name: String, text: String) {
    self.name = name
    self.text = text
  }

  /// - Throws: `DrillError` with `bad-file`, and file, line and column.
  public func policy() throws -> GatePolicy {
    let file = try YAMLSection(file: name, text: text)
    let gate = try file.requiredText("gate")
    guard !gate.isEmpty, gate.utf8.count <= 100,
      gate.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" })
    else {
      throw file.refuse("gate", "a gate's name is made of letters, digits, '-' and '_'")
    }
    guard let clusters = try file.texts("clusters") else {
      throw file.missing(["clusters"], "the gate needs 'clusters', the names of those that it decides about")
    }
    guard !clusters.isEmpty, Set(clusters).count == clusters.count else {
      throw file.refuse("clusters", "'clusters' names one or more different clusters")
    }
    let drills = try file.texts("drills")
    if drills?.isEmpty == true {
      throw file.refuse("drills", "'drills' names at least one drill; without it all count")
    }
    guard let validity = try file.duration("valid") else {
      throw file.missing(["valid"], "the gate needs 'valid', how long a decision stands, such as 2h")
    }
    guard validity > .zero else { throw file.refuse("valid", "'valid' must be longer than no time") }
    let policy = GatePolicy(
      name: gate, text: text, clusters: clusters, drills: drills, validity: validity,
      readiness: try clauses(file.section("readiness")), final: try clauses(file.section("final")))
    try file.finish()
    return policy
  }

  // MARK: Clauses

  private func clauses(_ stage: YAMLSection?) throws -> [any GateClause] {
    guard let stage else { return [] }
    var clauses: [any GateClause] = []
    if let level = try stage.choice(LevelClause.name, of: Level.self) {
      guard level != .none else { throw stage.refuse(LevelClause.name, "a level of none requires nothing") }
      clauses.append(LevelClause(level))
    }
    clauses += try passedWithin(stage)
    if let section = try stage.section(SuccessRateClause.name) { clauses.append(try successRate(section)) }
    if let section = try stage.section(EpochClause.name) { clauses += try epochs(section) }
    if let time = try stage.duration(RestoreTimeClause.name) { clauses.append(RestoreTimeClause(atMost: time)) }
    if let section = try stage.section(RestoreTimePercentileClause.name) {
      let (atMost, percentile, last) = try percentileOf(section)
      clauses.append(RestoreTimePercentileClause(atMost: atMost, percentile: percentile, last: last))
    }
    if let section = try stage.section(RestoreTimeAtSizeClause.name) { clauses.append(try restoreTimeAtSize(section)) }
    if let time = try stage.duration(RecoveryPointClause.name) { clauses.append(RecoveryPointClause(atMost: time)) }
    if let section = try stage.section(RecoveryPointPercentileClause.name) {
      let (atMost, percentile, last) = try percentileOf(section)
      clauses.append(RecoveryPointPercentileClause(atMost: atMost, percentile: percentile, last: last))
    }
    if let count = try stage.integer(UnexplainedDriftClause.name, in: 0...Int.max) {
      clauses.append(UnexplainedDriftClause(atMost: UInt64(count)))
    }
    if let count = try stage.integer(MismatchesClause.name, in: 0...Int.max) {
      clauses.append(MismatchesClause(atMost: UInt64(count)))
    }
    if let share = try stage.share(CoverageClause.name) { clauses.append(CoverageClause(atLeast: share)) }
    if let isolation = try stage.choice(IsolationClause.name, of: Isolation.self) {
      clauses.append(IsolationClause(atLeast: isolation))
    }
    if let isRequired = try stage.flag(CoherentCutClause.name) {
      guard isRequired else {
        throw stage.refuse(CoherentCutClause.name, "leave 'coherent_cut' out where it is not required")
      }
      clauses.append(CoherentCutClause())
    }
    if let count = try stage.integer(OverdueFindingsClause.name, in: 0...Int.max) {
      clauses.append(OverdueFindingsClause(atMost: count))
    }
    if let section = try stage.section(MissedDrillsClause.name) { clauses.append(try missedDrills(section)) }
    if let time = try stage.duration(VerificationDebtClause.name) {
      clauses.append(VerificationDebtClause(within: time))
    }
    if let section = try stage.section(LatencyClause.name) { clauses += try latency(section) }
    if let section = try stage.section(RequiredChecksClause.name) { clauses.append(try requiredChecks(section)) }
    try stage.finish()
    return clauses
  }

  private func required<Value>(_ section: YAMLSection, _ field: String, _ value: Value?) throws -> Value {
    guard let value else { throw section.missing([field], "this clause needs '\(field)'") }
    return value
  }

  private func passedWithin(_ stage: YAMLSection) throws -> [any GateClause] {
    guard let node = stage.node(PassedWithinClause.name) else { return [] }
    if node.scalar != nil {
      return [PassedWithinClause(try required(stage, PassedWithinClause.name, stage.duration(PassedWithinClause.name)))]
    }
    let sections = try stage.sections(PassedWithinClause.name) ?? []
    guard !sections.isEmpty else {
      throw stage.refuse(node, "'passed_within' is a time, or a list of classes with their age")
    }
    return try sections.map { section in
      let clause = PassedWithinClause(
        try required(section, "age", section.duration("age")), retention: try section.text("retention"),
        kind: try section.choice("kind", of: BackupKind.self)?.kind)
      try section.finish()
      return clause
    }
  }

  /// ``Manifest/Kind`` with its cases listed.
  private enum BackupKind: String, CaseIterable {
    case full, incremental
    var kind: Manifest.Kind { self == .full ? .full : .incremental }
  }

  private func successRate(_ section: YAMLSection) throws -> any GateClause {
    let clause = SuccessRateClause(
      atLeast: try required(section, "at_least", section.share("at_least")),
      over: try required(section, "over", section.duration("over")),
      leastRuns: try section.integer("runs", in: 1...1_000_000) ?? 5)
    try section.finish()
    return clause
  }

  private func epochs(_ section: YAMLSection) throws -> [any GateClause] {
    let within = try section.duration("within")
    let epochs = try choices(section, "restorable", EpochClause.Epoch.allCases.map(\.rawValue))
      .compactMap(EpochClause.Epoch.init(rawValue:))
    guard !epochs.isEmpty else {
      throw section.missing(["restorable"], "'epochs' needs 'restorable': one or both of present, before-move")
    }
    try section.finish()
    return epochs.map { EpochClause($0, within: within) }
  }

  private func percentileOf(_ section: YAMLSection) throws -> (Duration, Double, Int) {
    let atMost = try required(section, "at_most", section.duration("at_most"))
    let percentile = try section.real("percentile", in: 50...99.9) ?? 95
    let last = try required(section, "last", section.integer("last", in: 1...1_000_000))
    let least = Int((100 / (100 - percentile) - 1e-9).rounded(.up))
    guard last >= least else {
      throw section.refuse(
        "last", "a percentile of \(percentile) takes at least \(least): of fewer it is the largest one")
    }
    try section.finish()
    return (atMost, percentile, last)
  }

  private func restoreTimeAtSize(_ section: YAMLSection) throws -> any GateClause {
    let confidence = try section.share("confidence") ?? 0.95
    guard (0.5...0.999).contains(confidence) else {
      throw section.refuse("confidence", "'confidence' must be from 50% to 99.9%")
    }
    let clause = RestoreTimeAtSizeClause(
      atMost: try required(section, "at_most", section.duration("at_most")),
      bytes: try required(section, "size", section.size("size")), confidence: confidence,
      last: try section.integer("last", in: 4...1_000_000) ?? 50, reach: try section.real("reach", in: 1...1000) ?? 10)
    try section.finish()
    return clause
  }

  private func missedDrills(_ section: YAMLSection) throws -> any GateClause {
    let clause = MissedDrillsClause(
      atMost: try section.integer("at_most", in: 0...1_000_000) ?? 0,
      over: try required(section, "over", section.duration("over")))
    try section.finish()
    return clause
  }

  private func latency(_ section: YAMLSection) throws -> [any GateClause] {
    var clauses: [any GateClause] = []
    if let ratio = try section.real("p50", in: 0.001...1_000_000) { clauses.append(LatencyClause(.p50, ratio: ratio)) }
    if let ratio = try section.real("p99", in: 0.001...1_000_000) { clauses.append(LatencyClause(.p99, ratio: ratio)) }
    guard !clauses.isEmpty else {
      throw section.missing(["p50", "p99"], "'latency' needs 'p50' or 'p99', the most that the ratio may be")
    }
    try section.finish()
    return clauses
  }

  private func requiredChecks(_ section: YAMLSection) throws -> any GateClause {
    let stages = try choices(section, "stages", Stage.allCases.map(\.rawValue)).compactMap(Stage.init(rawValue:))
    let references = try section.texts("references") ?? []
    let names = Dictionary(SkipReason.allCases.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let refused = try choices(section, "refused_skips", SkipReason.allCases.map(\.name)).compactMap { names[$0] }
    guard !stages.isEmpty || !references.isEmpty || !refused.isEmpty else {
      throw section.missing(
        ["stages", "references", "refused_skips"],
        "'required_checks' needs one or more of 'stages', 'references', 'refused_skips'")
    }
    try section.finish()
    return RequiredChecksClause(stages: stages, references: references, refusedSkips: refused)
  }

  /// A list of words, each one of `known`; empty where the field is not there.
  private func choices(_ section: YAMLSection, _ field: String, _ known: [String]) throws -> [String] {
    guard let node = section.node(field) else { return [] }
    let nodes = node.sequence.map(Array.init) ?? [node]
    return try nodes.map { entry in
      guard let word = entry.string, known.contains(word) else {
        let near = entry.string.flatMap { nearest(to: $0, among: known) }.map { "; did you mean '\($0)'?" } ?? ""
        throw section.refuse(entry, "'\(field)' takes \(known.joined(separator: ", "))\(near)")
      }
      return word
    }
  }
}
