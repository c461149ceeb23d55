/// How a clause stands.
public enum ClauseStatus: String, Sendable, Codable, CaseIterable {
  case notMet = "not-met"
  /// The ledger does not hold what would decide it.
  case cannotBeTold = "cannot-be-told"
  case met
}
