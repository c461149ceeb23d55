internal import DrillModel

/// Names of an append-only log's artifacts in a backup's manifest.
enum AOFFormat {
  /// A log of one file, with or without a snapshot at its beginning.
  static let file = "aof"
  /// A log of several: the file that names the others. Its artifact stands for all.
  static let manifest = "aof-manifest"
  /// Any other file of a log of several.
  static let part = "aof-part"
  /// A change stream: what came after a full backup.
  static let stream = "aof-stream"
  /// A full backup and change streams as one log, which ``AOFChain`` puts together; never stored.
  static let chain = "aof-chain-manifest"
}

extension ArtifactFile {
  var isAOF: Bool { [AOFFormat.file, AOFFormat.manifest, AOFFormat.part, AOFFormat.chain].contains(format) }

  /// The file that begins with a snapshot, where one does: its format says which servers load it.
  var snapshotPath: String? {
    guard isAOF else { return path }
    return (try? AOFLayout(self))?.files.first?.path
  }
}
