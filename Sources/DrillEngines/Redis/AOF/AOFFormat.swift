internal import DrillModel

/// Names of an append-only log's artifacts in a backup's manifest.
enum AOFFormat {
  /// A log of one file, with or without a snapshot at its beginning.
  static let file = "aof"
  /// A log of several: the file that names the others. Its artifact stands for all.
  static let manifest = "aof-manifest"
}

extension ArtifactFile {
  var isAOF: Bool { format == AOFFormat.file || format == AOFFormat.manifest }
}
