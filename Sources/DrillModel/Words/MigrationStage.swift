/// The stages of a migration, in the order in which they are passed; a migration ends finalized or rolled back.
public enum MigrationStage: String, Sendable, Codable, CaseIterable {
  case planned
  case snapshotting
  case copying
  case catchingUp = "catching-up"
  case quiesced
  case cutOver = "cut-over"
  case verified
  case finalized
  case rolledBack = "rolled-back"

  /// Whether nothing comes after it.
  public var isEnd: Bool { self == .finalized || self == .rolledBack }
}
