public import DrillModel

extension RedisEngine: ForeignIncrements {
  /// Of a log: the file in which it ends, and the byte after its last whole command there. A snapshot does not grow.
  public func endPosition(of file: ArtifactFile) throws -> String? {
    guard file.isAOF else { return nil }
    let scan = try AOFScan(try AOFLayout(file), knowsAllCommands: false)
    return scan.problems.isEmpty ? scan.endPosition?.description : nil
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
