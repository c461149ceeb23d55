/// What an archive holds for one control. Statements *support* a control; whether it is satisfied is for the auditor to say.
public struct ControlRow: Hashable, Sendable, Codable {
  public var control: String
  public var subject: String
  /// Numbers of the statements that support it, and of those that speak against it.
  public var supportedBy: [Int]
  public var contradictedBy: [Int]
  /// What an auditor would ask for, and the archive does not hold.
  public var missing: [String]
}
