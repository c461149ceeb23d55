import DrillModel
public import DrillReplay
import Foundation
import Yams

/// A workload file: a profile in its YAML form, which `workloads/README.md` documents.
public struct WorkloadFile: Hashable, Sendable {
  public var profile: WorkloadProfile
  /// How long all of it may take; nil: as long as it takes.
  public var budget: Duration?

  /// - Throws: `DrillError`: `bad-file` with file, line and column.
  public static func read(path: String) throws -> WorkloadFile {
    let url = URL(fileURLWithPath: path)
    return try read(url.lastPathComponent, texts: FileTexts(folder: url.deletingLastPathComponent().path))
  }

  static func read(_ path: String, texts: FileTexts) throws -> WorkloadFile {
    let file = try YAMLSection(file: path, text: try texts.text(path))
    let name = try file.requiredText("workload")
    guard let engine = try file.choice("engine", of: ClusterFile.EngineName.self) else {
      throw file.missing(["engine"], "the workload needs 'engine': redis or sqlite")
    }
    guard let entries = try file.sections("mix"), !entries.isEmpty else {
      throw file.missing(["mix"], "the workload needs 'mix', its questions")
    }
    let mix = try entries.map { entry in
      let question = try engine == .redis ? Question.redis(redis(entry)) : Question.sql(sql(entry))
      let defaultName: String? = if case .redis(let redis) = question { redis.verb.rawValue } else { nil }
      guard let name = try entry.text("name") ?? defaultName else {
        throw entry.missing(["name"], "an SQL question needs 'name'")
      }
      let weighted = WeightedQuestion(name: name, weight: try entry.integer("weight", in: 0...1_000_000) ?? 1, question)
      try entry.finish()
      return weighted
    }
    var profile = WorkloadProfile(
      name: name, engine: engine.rawValue, operations: try file.integer("operations", in: 1...100_000_000) ?? 10_000,
      mix: mix)
    if let keys = file.node("keys") { profile.keys = try distribution(keys, in: file) }
    profile.absentShare = try file.share("absent") ?? 0
    profile.connections = try file.integer("connections", in: 1...4096) ?? profile.connections
    profile.pipelining = try file.integer("pipelining", in: 1...100_000) ?? profile.pipelining
    profile.timeout = try file.duration("timeout") ?? profile.timeout
    try OfferedRateReader(file: file).read(into: &profile)
    try file.finish()
    if let problem = profile.problems.first {
      throw file.refuse(String(problem.field.prefix { $0 != "[" && $0 != "." }), "'\(problem.field)' \(problem.detail)")
    }
    return WorkloadFile(profile: profile)
  }

  private static func redis(_ entry: YAMLSection) throws -> RedisQuestion {
    guard let verb = try entry.choice("verb", of: RedisQuestion.Verb.self) else {
      throw entry.missing(
        ["verb"], "a question needs 'verb': \(RedisQuestion.Verb.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    var question = RedisQuestion(verb, argument: try entry.text("argument").map { try pattern($0, entry) })
    if let count = try entry.integer("count", in: 1...100_000) { question.count = count }
    if let start = try entry.text("start") { question.start = try range(start, "start", entry) }
    question.index = try entry.text("index")
    question.scores = try entry.text("scores").map { try range($0, "scores", entry) }
    return question
  }

  private static func sql(_ entry: YAMLSection) throws -> SQLQuestion {
    var parameters: [SQLQuestion.Parameter] = []
    if let node = entry.node("parameters") {
      guard let list = node.sequence else { throw entry.refuse(node, "'parameters' must be a list") }
      parameters = try list.map { try parameter($0, entry) }
    }
    return SQLQuestion(
      try entry.requiredText("sql"), table: try entry.requiredText("table"), parameters: parameters,
      isOrdered: try entry.flag("ordered") ?? false)
  }

  private static func parameter(_ node: Node, _ entry: YAMLSection) throws -> SQLQuestion.Parameter {
    guard node.mapping != nil else { return .constant(scalar(node)) }
    let section = try entry.section(node, "a parameter")
    let parameter: SQLQuestion.Parameter
    if let column = try section.integer("key", in: 0...1000) {
      parameter = .key(column)
    } else if let text = try section.text("integer") {
      parameter = .integer(try range(text, "integer", section))
    } else if let choices = section.node("one_of") {
      guard let list = choices.sequence else { throw section.refuse(choices, "'one_of' must be a list") }
      parameter = .oneOf(list.map(scalar))
    } else if let text = try section.text("pattern") {
      parameter = .pattern(try pattern(text, section))
    } else {
      throw section.refuse(
        node, "a parameter is a value, or one of {key: COLUMN}, {integer: LOW..HIGH}, {one_of: […]}, {pattern: TEXT}")
    }
    try section.finish()
    return parameter
  }

  private static func scalar(_ node: Node) -> Scalar {
    if node.null != nil { return .null }
    if let integer = node.wholeNumber { return .integer(Int64(integer)) }
    if let real = node.realNumber { return .real(real) }
    return .text(node.string ?? "")
  }

  private static func pattern(_ text: String, _ entry: YAMLSection) throws -> ArgumentPattern {
    guard let pattern = ArgumentPattern(parsing: text) else {
      throw entry.refuse("argument", "a pattern is text with at most one span of numbers, such as field:{0..99}")
    }
    return pattern
  }

  /// `0..9`, or a single number.
  private static func range(_ text: String, _ field: String, _ entry: YAMLSection) throws -> ClosedRange<Int64> {
    let ends = text.components(separatedBy: "..").map { Int64($0) }
    guard let low = ends[0], ends.count <= 2, let high = ends.count == 2 ? ends[1] : low, low <= high else {
      throw entry.refuse(field, "'\(field)' must be a range such as 0..9")
    }
    return low...high
  }

  private static func distribution(_ node: Node, in file: YAMLSection) throws -> KeyDistribution {
    if node.string == "uniform" { return .uniform }
    guard node.mapping != nil else {
      throw file.refuse(
        node,
        "'keys' is uniform, {zipfian: EXPONENT}, {latest: EXPONENT} or {hotspot: {keys: SHARE, operations: SHARE}}")
    }
    let section = try file.section(node, "'keys'")
    let distribution: KeyDistribution
    if let exponent = try section.real("zipfian", in: 0...10) {
      distribution = .zipfian(exponent: exponent)
    } else if let exponent = try section.real("latest", in: 0...10) {
      distribution = .latest(exponent: exponent)
    } else if let spot = try section.section("hotspot") {
      guard let keys = try spot.share("keys"), let operations = try spot.share("operations") else {
        throw section.refuse("hotspot", "'hotspot' needs 'keys' and 'operations'")
      }
      try spot.finish()
      distribution = .hotspot(keys: keys, operations: operations)
    } else {
      throw file.refuse(
        node,
        "'keys' is uniform, {zipfian: EXPONENT}, {latest: EXPONENT} or {hotspot: {keys: SHARE, operations: SHARE}}")
    }
    try section.finish()
    return distribution
  }
}
