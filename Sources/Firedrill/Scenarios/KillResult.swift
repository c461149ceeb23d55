public import DrillModel

/// What became of one kill.
public struct KillResult: Sendable, Codable {
  public var engine: ProductionFile.Engine
  public var seed: UInt64
  /// Which call of the program it took the place of.
  public var call: Int
  /// The stage that the call belongs to when nothing is disturbed.
  public var stage: String
  /// The call's name.
  public var name: String
  /// What was there after the next drill and should not be; empty: nothing.
  public var left: [String]
  /// How the runs stand in the ledger.
  public var states: [String] = []
  /// Why nothing was killed; nil: it was.
  public var unproven: String?

  public var verdict: Verdict { !left.isEmpty ? .fail : unproven == nil ? .pass : .inconclusive }

  public var line: String {
    let end = unproven ?? (left.isEmpty ? "nothing left" : left.joined(separator: "; "))
    return "\(engine.rawValue), \(stage), call \(call)\(name.isEmpty ? "" : " (\(name))"): \(end)"
  }
}
