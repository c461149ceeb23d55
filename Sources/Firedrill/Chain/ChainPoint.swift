import DrillChecks
public import DrillModel

/// Up to where a drill restores a chain.
public enum ChainPoint: Hashable, Sendable {
  /// The cut of its last link.
  case cut
  case time(Instant)
  /// A time within the chain's window, drawn by seed.
  case random(seed: UInt64)
  /// The cut of another backup of the same cluster.
  case backup(String)
  /// As a run recorded it, with the time for which it stands.
  case recorded(RestorePoint, at: Instant)
}

/// A point of a chain, found: the links that it takes, the last of which holds it.
struct ChainTarget: Sendable {
  /// Oldest first.
  var links: [ChainCheck.Link]
  /// Within the last of them.
  var point: RestorePoint
  /// What was asked for, in words.
  var asked: String
  /// The time for which it stands, where that is not the last link's cut.
  var time: Instant?
  /// Whether its shards stand at one cut, where that is not the last link's.
  var coherence = Cut.Coherence.perShard
  var notes: [String] = []
}

extension ChainPoint {
  /// A point that the chain does not reach.
  struct Unreachable: Error {
    var expected: String
    var observed: String
  }

  /// - Parameters:
  ///   - links: a whole chain, oldest first.
  ///   - position: the cut of another backup; nil where there is none that may be used.
  /// - Throws: ``Unreachable``.
  func target(
    in links: [ChainCheck.Link], of engine: any ChainRestoring, position: (String) -> Cut?
  ) throws -> ChainTarget {
    guard let first = links.first?.manifest.cut.time, let last = links.last?.manifest.cut.time else {
      preconditionFailure("a chain has a full backup")
    }
    switch self {
    case .cut, .recorded(.end, _): return ChainTarget(links: links, point: .end, asked: "its own cut")
    case .time(let time), .recorded(.time(let time), _):
      return try target(at: time, in: links, engine, asked: "\(time)")
    case .random(let seed):
      var generator = SeededGenerator(seed: seed, purpose: "a point of a chain")
      let window = first.millisecondsSince1970...max(first, last).millisecondsSince1970
      let drawn = Instant(millisecondsSince1970: generator.integer(in: window))
      return try target(at: drawn, in: links, engine, asked: "\(drawn), drawn by seed \(seed) from \(first) to \(last)")
    case .backup(let id):
      guard let cut = position(id) else {
        throw Unreachable(
          expected: "the cut of backup \(id)", observed: "the catalog holds no such backup that may be used")
      }
      var target = try target(at: cut.positions, in: links, engine, asked: "the cut of backup \(id)", time: cut.time)
      target.coherence = cut.coherence
      return target
    case .recorded(.positions(let positions), let time):
      return try target(at: positions, in: links, engine, asked: "the positions of the recorded run", time: time)
    }
  }

  private func target(
    at time: Instant, in links: [ChainCheck.Link], _ engine: any ChainRestoring, asked: String
  ) throws -> ChainTarget {
    guard let index = links.lastIndex(where: { $0.manifest.cut.time <= time }) else {
      throw outside(links, "\(time) lies before it")
    }
    let cut = links[index].manifest.cut.time
    if cut == time { return ChainTarget(links: Array(links[...index]), point: .end, asked: asked) }
    guard index + 1 < links.count else { throw outside(links, "\(time) lies after it") }
    if engine.restoresWithinLinks {
      return ChainTarget(links: Array(links[...(index + 1)]), point: .time(time), asked: asked, time: time)
    }
    var target = ChainTarget(links: Array(links[...index]), point: .end, asked: asked)
    target.notes = [
      "\(time) was rounded down to \(cut), the cut of \(links[index].manifest.backup): between its links' cuts this chain has no points"
    ]
    return target
  }

  private func target(
    at positions: [String: String], in links: [ChainCheck.Link], _ engine: any ChainRestoring, asked: String,
    time: Instant
  ) throws -> ChainTarget {
    /// How a link's cut lies to the positions in its shards: -1, 0, 1; nil where they tell nothing.
    func signs(_ link: ChainCheck.Link) -> Set<Int>? {
      let cut = link.manifest.cut.positions
      guard Set(cut.keys) == Set(positions.keys) else { return nil }
      var signs: Set<Int> = []
      for (shard, position) in cut {
        guard let other = positions[shard], let order = position == other ? 0 : engine.order(position, other) else {
          return nil
        }
        signs.insert(order.signum())
      }
      return signs
    }
    let all = links.map(signs)
    guard !all.contains(nil) else { throw outside(links, "\(asked) is of another history, or of other shards") }
    if let index = all.firstIndex(of: [0]) {
      return ChainTarget(links: Array(links[...index]), point: .end, asked: asked)
    }
    guard all[0]?.contains(1) == false else { throw outside(links, "\(asked) lies before it") }
    guard let end = all.firstIndex(where: { $0?.contains(-1) == false }) else {
      throw outside(links, "\(asked) lies after it")
    }
    if engine.restoresWithinLinks {
      return ChainTarget(
        links: Array(links[...end]), point: .positions(positions), asked: asked, time: time)
    }
    let index = all.lastIndex { $0?.contains(1) == false } ?? 0
    let link = links[index].manifest
    throw outside(
      links,
      "no link's cut is \(asked), \(time); the last before it is that of \(link.backup), \(link.cut.time), and between its links' cuts this chain has no points"
    )
  }

  private func outside(_ links: [ChainCheck.Link], _ observed: String) -> Unreachable {
    let (first, last) = (links[0].manifest, links[links.count - 1].manifest)
    return Unreachable(
      expected:
        "a point of the chain from \(first.backup), \(first.cut.time), to \(last.backup), \(last.cut.time)",
      observed: observed)
  }
}
