internal import DrillModel

/// The sampled keys that one question can be asked about, in order of popularity, and how to draw among them.
struct KeyPool: Sendable {
  /// Most popular first where the distribution knows such an order.
  let entries: [WorkloadKeys.Entry]
  private let draw: Draw

  private enum Draw: Sendable {
    case uniform
    case zipf(Zipf)
    case hotspot(hotCount: Int, share: Double)
  }

  /// - Parameter entries: in canonical order; not empty.
  init(_ entries: [WorkloadKeys.Entry], distribution: KeyDistribution, seed: UInt64) {
    var ranked = entries
    switch distribution {
    case .latest(let exponent):
      let newness = entries.map { Newness($0.key) }
      ranked = entries.indices.sorted { newness[$1] < newness[$0] }.map { entries[$0] }
      draw = .zipf(Zipf(count: ranked.count, exponent: exponent))
    case .uniform, .zipfian, .hotspot:
      // Of the same keys, the same order: questions that share a pool share its popular keys, as in production.
      var generator = SeededGenerator(seed: seed, purpose: "popularity")
      generator.shuffle(&ranked)
      switch distribution {
      case .zipfian(let exponent): draw = .zipf(Zipf(count: ranked.count, exponent: exponent))
      case .hotspot(let keys, let operations):
        let hot = min(ranked.count, max(1, Int((Double(ranked.count) * keys).rounded())))
        draw = .hotspot(hotCount: hot, share: hot == ranked.count ? 1 : operations)
      case .uniform, .latest: draw = .uniform
      }
    }
    self.entries = ranked
  }

  func next(_ generator: inout SeededGenerator) -> WorkloadKeys.Entry { entries[rank(&generator)] }

  private func rank(_ generator: inout SeededGenerator) -> Int {
    switch draw {
    case .uniform: return generator.index(below: entries.count)
    case .zipf(let zipf): return zipf.rank(&generator)
    case .hotspot(let hotCount, let share):
      if generator.happens(share) { return generator.index(below: hotCount) }
      return hotCount + generator.index(below: entries.count - hotCount)
    }
  }
}
