/// What became of one seed.
public struct CleanResult: Sendable, Codable {
  public var engine: ProductionFile.Engine
  public var seed: UInt64
  /// In what the drill was not clean; empty: it was.
  public var differences: [String]
  public var elapsedMs: Double

  public var isClean: Bool { differences.isEmpty }
  public var line: String {
    "\(engine.rawValue), seed \(seed): \(isClean ? "clean" : differences.joined(separator: "; "))"
  }
}
