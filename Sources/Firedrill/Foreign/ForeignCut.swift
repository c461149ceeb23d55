import DrillModel

/// The cut of files that another tool wrote, as far as they tell it.
struct ForeignCut: Sendable {
  /// The earliest of what they say; nil where one of them says nothing and nobody said it for them.
  var time: Instant?
  var positions: [String: String] = [:]
  /// Where the time comes from, or why there is none; one clause.
  var source: String
  var proof: [String]

  /// How far another machine's clock may be ahead.
  private static let clockTolerance: Int64 = 60_000

  /// - Parameters:
  ///   - found: each with its shard.
  ///   - stated: the time that somebody states, with where; only for files that do not tell.
  /// - Throws: `DrillError` with `usage` where a time lies in the future, or one is stated that the files tell themselves.
  init(
    _ found: [(shard: String, found: ForeignFolder.Found)], stated: ForeignArtifact.Told<Instant>?,
    now: Instant = .now
  ) throws {
    let latest = Instant(millisecondsSince1970: now.millisecondsSince1970 + ForeignCut.clockTolerance)
    for part in found {
      if let cut = part.found.artifact.cut, cut.value > latest {
        throw DrillError(
          .usage, subject: part.found.name,
          detail: "it says that it was begun at \(cut.value), which is in the future; see the clocks of both machines")
      }
      positions[part.shard] = part.found.artifact.position?.value
    }
    if let stated, stated.value > latest {
      throw DrillError(.usage, subject: stated.by, detail: "\(stated.value) is in the future; no backup is from there")
    }
    let told = found.compactMap(\.found.artifact.cut)
    let silent = found.filter { $0.found.artifact.cut == nil }.map(\.found.name)
    proof = []
    if silent.isEmpty, let first = told.map(\.value).min(), let last = told.map(\.value).max() {
      if let stated {
        throw DrillError(
          .usage, subject: stated.by,
          detail: "the files say themselves when they were begun: \(first); leave out what you state")
      }
      time = first
      source = told[0].by + (found.count > 1 ? ", the earliest of \(found.count)" : "")
      proof.append("the cut's time is what the files say: \(source)")
      if last > first { proof.append("the files were begun between \(first) and \(last)") }
    } else if let stated {
      time = (told.map(\.value) + [stated.value]).min()
      source = "stated with \(stated.by)"
      proof.append(
        "the cut's time was stated with \(stated.by), and nothing shows that it is right: not told by \(silent.prefix(3).joined(separator: ", "))"
      )
    } else {
      time = nil
      source =
        "not told by \(silent.prefix(3).joined(separator: ", "))\(silent.count > 3 ? " and \(silent.count - 3) more" : "")"
    }
    if found.count > 1 { proof.append("each file was written by itself: nothing shows that they stand at one cut") }
    for part in found {
      if let position = part.found.artifact.position {
        proof.append("shard \(part.shard): position \(position.value), by \(position.by)")
      }
    }
  }

  /// Never coherent: one cut over several files is proven while they are made, or not at all.
  func cut(at time: Instant) -> Cut {
    Cut(time: time, coherence: .perShard, positions: positions, proof: proof)
  }
}
