import DrillModel

/// A synthetic production: made from a seed for one drill, captured, disturbed, and removed at its end.
public struct ProductionFile: Hashable, Sendable {
  public enum Engine: String, Sendable, Codable, CaseIterable { case redis, sqlite }

  /// What every synthetic cluster is called.
  static let clusterName = "shop"

  public var engine: Engine
  public var shards: Int
  /// Redis: replicas of each master.
  public var replicas: Int
  public var records: Int
  public var seed: UInt64
  /// SQLite: changes made after the cut. Redis writes all the while.
  public var changes: Int
  /// Redis: writes a second, all the while.
  public var writesPerSecond: Int
  /// Whether the capture is to be coherent.
  public var isCoherent: Bool

  init(_ section: YAMLSection) throws {
    guard let engine = try section.choice("engine", of: Engine.self) else {
      throw section.missing(["engine"], "a production needs 'engine': redis or sqlite")
    }
    self.engine = engine
    shards = try section.integer("shards", in: 1...64) ?? (engine == .redis ? 3 : 4)
    replicas = try section.integer("replicas", in: 0...2) ?? (engine == .redis ? 1 : 0)
    records = try section.integer("records", in: 1...100_000_000) ?? 300_000
    seed = try section.seed() ?? 1
    changes = try section.integer("changes", in: 0...10_000_000) ?? 3000
    writesPerSecond = try section.integer("writes_per_second", in: 0...1_000_000) ?? 500
    isCoherent = try section.flag("coherent") ?? true
    try section.finish()
  }
}
