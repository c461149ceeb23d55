public import DrillModel
internal import Glibc

extension RedisEngine: ForeignArtifacts {
  /// As in a Redis Cluster; several single servers are no cluster.
  public var shardsBySlot: Bool { true }

  /// A snapshot, by its magic; a file whose name ends in `.rdb` all the same, whatever is in it.
  public func foreignArtifact(at path: String) throws -> ForeignArtifact? {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let isSnapshot = RDBVersion(ofFile: path) != nil
    guard isSnapshot || path.hasSuffix(".rdb") else { return nil }
    var artifact = ForeignArtifact(files: [.init(path: path, format: "rdb")], isByName: !isSnapshot)
    guard isSnapshot else { return artifact }
    let head = try RDBHead(path: path)
    artifact.writer = head.writer
    artifact.cut = head.time.map { .init($0, by: "the snapshot's field ctime, to the second") }
    artifact.position = head.position.map { .init($0, by: "the snapshot's fields repl-id and repl-offset") }
    return artifact
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
