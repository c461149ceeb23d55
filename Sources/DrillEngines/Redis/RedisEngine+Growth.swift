public import DrillModel

extension RedisEngine: ForeignIncrements {
  /// Of a log: the file in which it ends, and the byte after its last whole command there. A snapshot does not grow.
  public func endPosition(of file: ArtifactFile) throws -> String? {
    guard file.isAOF else { return nil }
    let layout = try AOFLayout(file)
    let scan = try AOFScan(layout, knowsAllCommands: false)
    guard scan.problems.isEmpty, layout.files.indices.contains(scan.end.file) else { return nil }
    return ReplicationPosition(history: layout.files[scan.end.file].name, offset: scan.end.offset).description
  }

  /// The commands that a server wrote into its log since: the rest of the file in which the predecessor ends, and the
  /// files after it, as one change stream whose offsets are bytes of those files.
  public func growth(
    of file: ArtifactFile, on predecessor: ArtifactFile, after position: String, to path: String
  ) throws -> ForeignGrowth {
    guard let start = ReplicationPosition(position) else {
      throw DrillError(.captureRefused, subject: file.shard, detail: "the predecessor names no byte of a log")
    }
    return try LogGrowth(file, after: start, on: predecessor).write(to: path)
  }
}
