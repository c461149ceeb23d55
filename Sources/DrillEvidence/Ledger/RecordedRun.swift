public import DrillModel

/// A run with what the ledger still holds of it.
public struct RecordedRun: Sendable {
  public var entry: RunEntry
  /// The whole run; nil where it did not finish or its details were dropped.
  public var run: Run?
  /// The drill file with all that it includes, by name: with the entry's seed enough to run the drill again; nil where the details were dropped.
  public var files: [String: String]?

  public init(entry: RunEntry, run: Run? = nil, files: [String: String]? = nil) {
    self.entry = entry
    self.run = run
    self.files = files
  }
}
