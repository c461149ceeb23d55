public import DrillModel

extension RedisEngine: ChainRestoring {
  public func incrementFacts(_ file: ArtifactFile) throws -> IncrementFacts {
    guard file.format == AOFFormat.stream else {
      return IncrementFacts(problems: [
        .init(.unsupportedVersion, detail: "an increment of the format \(file.format) is not known")
      ])
    }
    do {
      let scan = try StreamScan(path: file.path)
      return IncrementFacts(
        from: ReplicationPosition(history: scan.header.history, offset: scan.header.after).description,
        to: scan.end.position.description, firstTime: scan.firstSecond.map(Instant.init(second:)),
        lastTime: scan.end.second.map(Instant.init(second:)), shard: scan.header.shard,
        problems: AOFChainAssembly.problems(of: scan, isRead: true))
    } catch let error as StreamReader.Unreadable {
      return IncrementFacts(problems: [.init(.undecodable, offset: 0, detail: error.detail)])
    }
  }

  public func order(_ position: String, _ other: String) -> Int? {
    guard let mine = ReplicationPosition(position), let its = ReplicationPosition(other) else { return nil }
    return mine.order(its)
  }

  /// Makes a log of several files of a full backup and the change streams after it, cut at the point: between two
  /// commands, and never within a transaction. Refers to all of them where they lie.
  public func assemble(_ chain: ShardChain, upTo point: RestorePoint, in folder: String) throws -> AssembledShard {
    var assembly = try AOFChainAssembly(shard: chain.shard, base: chain.base)
    for increment in chain.increments where !assembly.isLeft { try assembly.add(increment, upTo: point) }
    return try assembly.finish(in: folder)
  }
}

extension Instant {
  fileprivate init(second: Int64) { self.init(millisecondsSince1970: second * 1000) }
}
