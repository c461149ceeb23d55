public import DrillModel
internal import Glibc

extension RedisEngine: ForeignArtifacts {
  /// As in a Redis Cluster; several single servers are no cluster.
  public var shardsBySlot: Bool { true }

  /// A snapshot or an append-only log, by its beginning; a file whose name ends in `.rdb`, `.aof` or `.aof.manifest` all the same, whatever is in it.
  ///
  /// A log of several files is one artifact: its manifest first, then the files that the manifest names. Files of such a log without their manifest
  /// are one too, and what is missing is what reading it says. A log says when it ends where it has time stamps; its replication position it never says.
  public func foreignArtifact(at path: String) throws -> ForeignArtifact? {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let head = RDBVersion(ofFile: path) == nil ? nil : try RDBHead(path: path)
    if let log = try ForeignLog.artifact(at: path, snapshot: head) { return log }
    guard head != nil || path.hasSuffix(".rdb") else { return nil }
    var artifact = ForeignArtifact(files: [.init(path: path, format: "rdb")], isByName: head == nil)
    guard let head else { return artifact }
    artifact.writer = head.writer
    artifact.cut = head.time.map { .init($0, by: "the snapshot's field ctime, to the second") }
    artifact.position = head.position.map { .init($0, by: "the snapshot's fields repl-id and repl-offset") }
    return artifact
  }

  /// A snapshot and a log in one folder, or in the folder above the log's, as a server's own folder has them.
  public func rivals(among artifacts: [ForeignArtifact]) -> (ForeignArtifact, ForeignArtifact)? {
    ForeignLog.rivals(among: artifacts)
  }

  /// Reads `nodes.conf` and the reply of `CLUSTER NODES`. Moves are those of the node that wrote it alone: it knows no others.
  ///
  /// Source: redis 7.0 src/cluster.c, `clusterSaveConfig` (the lines of `CLUSTER NODES`, then `vars currentEpoch … lastVoteEpoch …`).
  public func statedTopology(in text: String) throws -> Topology? {
    let lines = text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
    guard let first = lines.first, first.prefix(while: { $0 != " " }).count == 40,
      first.prefix(40).allSatisfy(\.isHexDigit)
    else { return nil }
    let variables = lines.first { $0.hasPrefix("vars ") }?.split(separator: " ") ?? []
    let nodes: ClusterNodesReply
    do {
      nodes = try ClusterNodesReply(
        lines.filter { !$0.hasPrefix("vars ") }.joined(separator: "\n"), host: "", subject: "nodes.conf")
    } catch let error as DrillError {
      throw DrillError(.badFile, subject: error.subject, detail: error.detail)
    }
    let epoch = variables.firstIndex(of: "currentEpoch").flatMap { index in
      index + 1 < variables.count ? UInt64(variables[index + 1]) : nil
    }
    return Topology(
      epoch: epoch ?? nodes.lines.map(\.configEpoch).max() ?? 0,
      // A master that had failed still owned its slots.
      shards: nodes.lines.filter { $0.isMaster && !$0.slots.isEmpty }.map { .init(name: $0.id, slots: $0.slots) },
      moves: nodes.lines.flatMap(\.moves))
  }
}
