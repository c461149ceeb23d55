public import DrillModel

/// What a gate decided. Only ``open`` is open.
public enum GateOutcome: String, Sendable, Codable, CaseIterable {
  case open
  case closed
  case inconclusive

  /// One clause that is not met closes; one that cannot be told keeps from opening; and so does having asked nothing.
  public static func combining(_ statuses: [ClauseStatus]) -> GateOutcome {
    if statuses.contains(.notMet) { return .closed }
    return statuses.isEmpty || statuses.contains(.cannotBeTold) ? .inconclusive : .open
  }

  public var exitStatus: ExitStatus {
    switch self {
    case .open: .pass
    case .closed: .fail
    case .inconclusive: .inconclusive
    }
  }
}
