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
}
