public import DrillModel

/// States that a migration reached a stage, or that something happened within one, as the tool that carries it out says.
public struct MigrationEvent: LeafBody, Hashable {
  public static var kind: LeafKind { .migrationEvent }

  /// Chosen by who publishes it: what is published twice under one id happened once.
  public var id: String
  public var cluster: String
  public var migration: String
  public var stage: MigrationStage
  /// When it happened, at who publishes it.
  public var at: Instant
  /// What is to be moved, or was; empty: the event says nothing of it.
  public var moves: [TopologyDiff.Moving]
  /// A backup that was taken at this stage, by its id: a checkpoint that can be restored to.
  public var backup: String?
  public var note: String?

  public init(
    id: String, cluster: String, migration: String, stage: MigrationStage, at: Instant,
    moves: [TopologyDiff.Moving] = [],
    backup: String? = nil, note: String? = nil
  ) {
    self.id = id
    self.cluster = cluster
    self.migration = migration
    self.stage = stage
    self.at = at
    self.moves = moves
    self.backup = backup
    self.note = note
  }
}

extension MigrationEvent {
  /// What it says, in a few words.
  var words: String {
    var parts = ["\(migration) \(stage.words) at \(Format.time(at))"]
    parts += moves.map { "slots \($0.slots.description.clipped(to: 40)) from \($0.source) to \($0.target)" }
    if let backup { parts.append("backup \(backup)") }
    return parts.joined(separator: ", ")
  }
}

extension MigrationStage {
  /// As it is read in a sentence: `catching up`.
  package var words: String { rawValue.replacing("-", with: " ") }
}
