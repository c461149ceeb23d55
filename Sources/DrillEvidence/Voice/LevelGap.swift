import DrillModel

/// Why a run's level is not higher.
enum LevelGap {
  /// What keeps the run from the next level, as a clause; nil at the highest.
  static func reason(_ run: Run) -> String? {
    guard let next = Level.allCases.first(where: { $0 > run.level }) else { return nil }
    let stages = stages(of: next)
    let codes = run.findings.filter { stages.contains($0.stage) }.map(\.code.rawValue).uniqued()
    if !codes.isEmpty { return "not \(next.rawValue): \(few(codes))" }
    let obstacles = run.obstacles.filter { stages.contains($0.stage) }.map(\.code.rawValue).uniqued()
    if !obstacles.isEmpty { return "not \(next.rawValue): could not look (\(few(obstacles)))" }
    if let unsealed = run.backups.compactMap(\.unsealed).first, next == .content || next == .bytes {
      return next == .bytes ? "unsealed: nothing says what the bytes should be" : unsealed.open
    }
    return unknown(next)
  }

  private static func few(_ codes: [String]) -> String {
    codes.prefix(3).joined(separator: ", ") + (codes.count > 3 ? " and \(codes.count - 3) more" : "")
  }

  private static func stages(of level: Level) -> Set<Stage> {
    switch level {
    case .none: []
    case .bytes: [.catalog, .manifest, .integrity]
    case .decoded: [.decode]
    case .restored: [.restore, .fingerprint]
    case .content: [.compare, .drift]
    case .answers: [.replay, .compare]
    }
  }

  /// What is missing where nothing is wrong and nothing stood in the way.
  private static func unknown(_ level: Level) -> String {
    switch level {
    case .none: ""
    case .bytes: "not bytes: nothing trusted says which bytes were sealed"
    case .decoded: "not decoded: the records were not all read"
    case .restored: "not restored: no server loaded the backup and was read back"
    case .content: "content at the cut unknown: nothing but the backup's own bytes says what production held"
    case .answers: "not answers: no answers of production to hold the sandbox's against"
    }
  }
}

extension Sequence where Element: Hashable {
  /// The elements in their order, each once.
  func uniqued() -> [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
