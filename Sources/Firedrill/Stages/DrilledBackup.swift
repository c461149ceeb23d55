import DrillModel

/// The backup that a run is about: by its manifest, or by what its files tell where nobody sealed it.
struct DrilledBackup: Sendable {
  /// Of a chain the last link's, and what it would be at the point up to which the chain is restored; of an unsealed one made up from what its files tell and what the drill states; never stored.
  var manifest: Manifest
  /// Whether a trusted key's signature below the manifest was verified.
  var isTrusted: Bool
  var unsealed: SurveyedUnsealed?
  /// The chain that it takes to restore it; nil where it is a full backup.
  var chain: DrilledChain?

  /// When the backup was begun; nil where nothing tells.
  var cut: Instant? { unsealed.map(\.cutTime) ?? manifest.cut.time }
}

/// An unsealed backup whose shards were told.
struct SurveyedUnsealed: Sendable {
  var found: FoundUnsealed
  /// Its files by their names in the manifest.
  var paths: [String: String]
  var cutTime: Instant?
  var cutFrom: String
  /// Whether two of its files with records of one slot are one too many.
  var isDisjoint: Bool
}
