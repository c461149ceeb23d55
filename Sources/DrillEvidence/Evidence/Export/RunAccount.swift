import DrillModel

/// What a run's details say beyond its leaf, without anything that could name a key or a value of the data store.
struct RunAccount: Codable, Hashable {
  var levels: [Run.LevelReached]
  var phases: [PhaseTiming]
  var comparisons: [Run.Comparison]
  var obstacles: [Obstacle]
  var isolationDetail: String?
  var server: String?
  var selfTest: SelfTest?

  struct Obstacle: Codable, Hashable {
    var code: DrillError.Code
    var stage: Stage
  }

  init(_ run: Run) {
    levels = run.levels
    phases = run.phases
    comparisons = run.comparisons
    obstacles = run.obstacles.map { Obstacle(code: $0.code, stage: $0.stage) }
    isolationDetail = run.sandbox?.isolationDetail
    server = run.sandbox?.server
    selfTest = run.selfTest
  }
}
