import DrillModel
import Foundation

/// Reads the files of a catalogue of scenarios. `drills/scenarios/README.md` documents every field.
enum ScenarioFile {
  /// All scenarios below a folder, or the one of a file, by name.
  ///
  /// - Throws: `DrillError` with `bad-file` where a file is not of the documented form, or two have one name; `usage` where there is none.
  static func readAll(at path: String) throws -> [Scenario] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw DrillError(.usage, subject: path, detail: "there is no such file or folder of scenarios")
    }
    let names = isFolder.boolValue ? try FileManager.default.subpathsOfDirectory(atPath: path) : [""]
    let files = names.map { $0.isEmpty ? path : "\(path)/\($0)" }.filter { $0.hasSuffix(".yaml") }
    var scenarios: [String: Scenario] = [:]
    for file in files {
      for scenario in try read(file) {
        guard scenarios.updateValue(scenario, forKey: scenario.name) == nil else {
          throw DrillError(.badFile, subject: file, detail: "another scenario has the name '\(scenario.name)'")
        }
      }
    }
    guard !scenarios.isEmpty else {
      throw DrillError(.usage, subject: path, detail: "there are no scenarios (files ending in .yaml)")
    }
    return scenarios.values.sorted { ($0.faultClass.rawValue, $0.name) < ($1.faultClass.rawValue, $1.name) }
  }

  /// The scenario of a file, or its variants.
  static func read(_ path: String) throws -> [Scenario] {
    let name = (path as NSString).lastPathComponent
    let text: String
    do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
      throw DrillError(.badFile, subject: name, detail: "cannot be read as UTF-8 text", underlying: error)
    }
    let stem = (name as NSString).deletingPathExtension
    let file = try YAMLSection(file: name, text: text)
    guard file.has("each") else { return [try scenario(file, of: stem, named: stem)] }
    return try file.nodes(mappedBy: "each").map { variant, node in
      let variables = try file.section(node, "'\(variant)'")
      // The longest first: `$code` begins `$codes` as well.
      let words = try variables.texts().sorted { $0.key.count > $1.key.count }
      let filled = words.reduce(text) { $0.replacing("$\($1.key)", with: $1.value) }
      return try scenario(YAMLSection(file: name, text: filled), of: stem, named: "\(stem)-\(variant)")
    }
  }

  private static func scenario(_ file: YAMLSection, of stem: String, named name: String) throws -> Scenario {
    // Taken before, where there are variants.
    _ = file.node("each")
    let stated = try file.requiredText("scenario")
    guard stated == stem else { throw file.refuse("scenario", "a scenario is named as its file: '\(stem)'") }
    guard let faultClass = try file.choice("class", of: Scenario.FaultClass.self) else {
      throw file.missing(["class"], "a scenario needs 'class'")
    }
    let engines = try file.texts("engines")?.map { text in
      guard let engine = ProductionFile.Engine(rawValue: text) else {
        throw file.refuse("engines", "an engine is redis or sqlite")
      }
      return engine
    }
    guard let base = try file.choice("base", of: ScenarioBase.self) else {
      throw file.missing(["base"], "a scenario needs 'base'")
    }
    let plants = try plants(file, "plant")
    guard !plants.isEmpty else { throw file.missing(["plant"], "a scenario plants something: 'plant'") }
    let scenario = Scenario(
      name: name, family: stem, faultClass: faultClass, about: try file.requiredText("about"),
      engines: engines ?? ProductionFile.Engine.allCases, base: base, files: try file.texts(mappedBy: "files"),
      before: try self.plants(file, "before"), plants: plants,
      harmless: try self.plants(file, "harmless"), command: try file.texts("run") ?? ["run", "drill.yaml"],
      drill: try file.texts(mappedBy: "drill"), expected: try expected(file, engines ?? ProductionFile.Engine.allCases))
    try file.finish()
    return scenario
  }

  private static func plants(_ file: YAMLSection, _ field: String) throws -> [any Plant] {
    try (file.sections(field) ?? []).map { section in
      guard let kind = PlantKind.allCases.first(where: { section.has($0.rawValue) }) else {
        throw section.missing(
          PlantKind.allCases.map(\.rawValue),
          "a plant is one of \(PlantKind.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      let plant = try kind.type.init(section)
      try section.finish()
      return plant
    }
  }

  /// One expectation for all engines, or one for each under its name.
  private static func expected(
    _ file: YAMLSection, _ engines: [ProductionFile.Engine]
  ) throws -> [ProductionFile.Engine: ScenarioExpectation] {
    guard let section = try file.section("expect") else {
      throw file.missing(["expect"], "a scenario says what it expects: 'expect'")
    }
    var expected: [ProductionFile.Engine: ScenarioExpectation] = [:]
    if engines.contains(where: { section.has($0.rawValue) }) {
      for engine in engines {
        guard let own = try section.section(engine.rawValue) else {
          throw section.missing([engine.rawValue], "'expect' needs '\(engine.rawValue)' as well")
        }
        expected[engine] = try expectation(own)
      }
    } else {
      let common = try expectation(section)
      for engine in engines { expected[engine] = common }
      return expected
    }
    try section.finish()
    return expected
  }

  private static func expectation(_ section: YAMLSection) throws -> ScenarioExpectation {
    let verdict = try section.choice("verdict", of: Verdict.self)
    let status = try section.integer("status", in: 0...255).map(Int32.init)
    guard let status = status.flatMap(ExitStatus.init(rawValue:)) ?? verdict.map(ExitStatus.init) else {
      throw section.missing(["verdict", "status"], "an expectation needs 'verdict', or 'status' of an exit")
    }
    func codes<Code: RawRepresentable<String>>(_ field: String, _: Code.Type) throws -> Set<Code> {
      Set(
        try (section.texts(field) ?? []).map { text in
          guard let code = Code(rawValue: text) else { throw section.refuse(field, "there is no code '\(text)'") }
          return code
        })
    }
    let expectation = ScenarioExpectation(
      status: status, stage: try section.choice("stage", of: Stage.self),
      findings: try codes("findings", FindingCode.self), any: try codes("any", FindingCode.self),
      also: try codes("also", FindingCode.self), obstacles: try codes("obstacles", DrillError.Code.self),
      alsoObstacles: try codes("also_obstacles", DrillError.Code.self), says: try section.texts("says") ?? [])
    try section.finish()
    return expectation
  }
}
