/// What is about to happen: the stages of a gate, the later one asking all that the earlier one asks.
public enum GateStage: String, Sendable, Codable, CaseIterable {
  /// May the move be prepared?
  case readiness
  /// May it cut over, tonight?
  case final
}
