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

  /// The stage that comes after it when all goes well; nil at an end.
  public var next: MigrationStage? {
    guard !isEnd, let place = MigrationStage.allCases.firstIndex(of: self) else { return nil }
    return MigrationStage.allCases[place + 1]
  }

  /// The stages that a migration may be in after an event at this one: more may happen within a stage, none is left out, and one may go back until the end.
  public var following: [MigrationStage] { isEnd ? [] : [self, next, .rolledBack].compactMap(\.self) }
}
