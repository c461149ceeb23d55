/// What a leaf of the ledger records. Open, so that a ledger with kinds which this version does not know still verifies.
public struct LeafKind: RawRepresentable, Hashable, Sendable, Codable {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }

  /// A run began; without a ``run`` leaf of the same run, and its process gone, it was cut off.
  public static let runStarted = LeafKind(rawValue: "run-started")
  /// A run ended and this is what it found.
  public static let run = LeafKind(rawValue: "run")
  /// Details of leaves before a given one were dropped by age.
  public static let detailsDropped = LeafKind(rawValue: "details-dropped")
  /// A topology was seen that differs from the one before.
  public static let topology = LeafKind(rawValue: "topology")
  /// Somebody acknowledged a finding, noted something on it, or withdrew it.
  public static let findingAction = LeafKind(rawValue: "finding-action")
  /// From now on a drill should run by this schedule, or no longer.
  public static let schedule = LeafKind(rawValue: "schedule")
  /// A drill did not run since a recent run had verified the same.
  public static let skipped = LeafKind(rawValue: "skipped")
  /// Somebody was told of a run, or could not be told.
  public static let notification = LeafKind(rawValue: "notification")
  /// A gate decided; the details are the signed decision.
  public static let gateDecision = LeafKind(rawValue: "gate-decision")
  /// A migration reached a stage.
  public static let migrationEvent = LeafKind(rawValue: "migration-event")
  /// Evidence was exported.
  public static let evidenceExport = LeafKind(rawValue: "evidence-export")
}
