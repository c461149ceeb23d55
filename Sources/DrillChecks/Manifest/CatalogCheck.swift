public import DrillModel

/// Judges whether the catalog holds what the drill selects.
public enum CatalogCheck {
  /// - Parameter selection: what was asked for, in words: `backup shop-20260101T000000Z-0a1b2c`.
  public static func missing(_ selection: String) -> Finding {
    Finding(.backupMissing, stage: .catalog, expected: selection, observed: "the catalog holds no such backup")
  }
}
