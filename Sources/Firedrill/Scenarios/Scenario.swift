public import DrillModel

/// A planted fault, and what has to be found of it: one file of `drills/scenarios/`.
public struct Scenario: Sendable {
  /// The file's name without its ending, with the variant's where the file has several; unique in the catalogue.
  public var name: String
  /// The file's name: scenarios of one family are variants of each other.
  public var family: String
  public var faultClass: FaultClass
  /// What is planted, and where; one sentence.
  public var about: String
  /// The engines that have such a fault.
  public var engines: [ProductionFile.Engine]
  var base: ScenarioBase
  /// Texts that lie in the bench beside the drill, by name.
  var files: [String: String]
  /// What is done first, with and without the fault.
  var before: [any Plant]
  /// Planted in this order, all of them.
  var plants: [any Plant]
  /// What the file says is planted where nothing may be found; empty: nothing.
  var harmless: [any Plant]
  /// The program's arguments; words of the form `$name` stand for what the base has of that name.
  var command: [String]
  /// Fields of the base's drill file that are otherwise here, as YAML.
  var drill: [String: String]
  var expected: [ProductionFile.Engine: ScenarioExpectation]

  /// What is planted in the clean neighbour: where contents are changed and nothing else is said, the same files with the same contents, written anew.
  var neighbour: [any Plant] {
    guard harmless.isEmpty else { return harmless }
    let contents = plants.compactMap { ($0 as? ContentPlant)?.harmless }
    return contents.count == plants.count ? contents : []
  }

  /// What is damaged.
  public enum FaultClass: String, Sendable, Codable, CaseIterable {
    case artifact, content, manifest, chain, restore, answers, time, ledger, catalog, topology, access, keys, objectives
  }
}

/// What a scenario has to end in: nothing less, and nothing else.
public struct ScenarioExpectation: Hashable, Sendable {
  public var status: ExitStatus
  /// The first stage with a finding, or where there is none with an obstacle; nil: neither.
  public var stage: Stage?
  /// Exactly these codes, however often.
  public var findings: Set<FindingCode>
  /// At least one of these codes beside them, where the damage decides which; empty: none has to be.
  public var any: Set<FindingCode> = []
  /// Codes that may stand beside them: where the damage falls, or what is asked, decides whether they do.
  public var also: Set<FindingCode> = []
  /// Exactly these reasons for not having looked.
  public var obstacles: Set<DrillError.Code>
  /// Reasons that may stand beside them.
  public var alsoObstacles: Set<DrillError.Code> = []
  /// What its output has to say besides, word for word.
  public var says: [String] = []

  static let clean = ScenarioExpectation(status: .pass, stage: nil, findings: [], obstacles: [])
}
