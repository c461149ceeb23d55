import DrillModel

/// Something that a scenario plants: damage in the copy that it works on, or a disturbance around the program that it runs.
protocol Plant: Sendable {
  init(_ section: YAMLSection) throws

  /// Plants it, runs `body` with the bench as it then is, and takes back what reaches beyond the bench's folder, however `body` ends.
  ///
  /// MUST prove that something changed: by ``ScenarioBench/proofs`` before `body` runs, or by ``ScenarioOutcome/unproven`` of what `body` returned where that shows
  /// only afterwards. A plant that cannot be planted throws `DrillError`, and its scenario is inconclusive.
  func planted(
    in bench: ScenarioBench, _ body: (ScenarioBench) async throws -> ScenarioOutcome
  ) async throws -> ScenarioOutcome
}

/// The plants by the field that names them in a scenario's file.
enum PlantKind: String, CaseIterable {
  case bytes, shell, content, manifest, program, drill
  case server, wrap, proxy, clock, file

  var type: any Plant.Type {
    switch self {
    case .bytes: BytesPlant.self
    case .shell: ShellPlant.self
    case .content: ContentPlant.self
    case .manifest: ManifestPlant.self
    case .program: ProgramPlant.self
    case .drill: DrillPlant.self
    case .server: ServerPlant.self
    case .wrap: WrapPlant.self
    case .proxy: ProxyPlant.self
    case .clock: ClockPlant.self
    case .file: FilePlant.self
    }
  }
}
