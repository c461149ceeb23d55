import DrillModel

/// Where content differs, from what findings name.
enum SlotMaps {
  /// Codes of findings that say that records of a slot are not what they should be.
  static func isAboutContent(_ code: FindingCode) -> Bool {
    switch code {
    case .restoredDiffers, .contentDiffers, .countDiffers, .answerDiffers, .answerDiffersUnderLoad, .driftUnexplained,
      .slotMisplaced,
      .slotOverlap, .recordDouble, .recordLost, .coverageHole, .databaseCorrupt, .foreignKeyViolated:
      true
    default: false
    }
  }

  /// - Parameter topology: tells shards their slots; nil where none is recorded.
  static func map(
    _ subjects: [(code: FindingCode, subject: Finding.Subject)], examined: SlotSet?, topology: TopologySeen?
  ) -> ReportPage.SlotMap {
    let mapped = topology.flatMap { mapsSlots($0) ? $0 : nil }
    var counts: [String?: [Slot: Int]] = [:]
    var unplaced = 0
    for (code, subject) in subjects where isAboutContent(code) {
      guard let slot = subject.slot else {
        unplaced += 1
        continue
      }
      let owner = subject.shard ?? mapped?.shards.first { $0.value.contains(slot) }?.key
      counts[owner, default: [:]][slot, default: 0] += 1
    }
    var names: [String?] = (topology?.shards.keys.sorted() ?? []).map { $0 }
    names += counts.keys.filter { !names.contains($0) }.sorted { ($0 ?? "\u{10FFFF}") < ($1 ?? "\u{10FFFF}") }
    if names.isEmpty { names = [nil] }
    let rows = names.map { name in
      ReportPage.SlotMap.Row(
        shard: name, owned: name.flatMap { mapped?.shards[$0] },
        differing: (counts[name] ?? [:]).sorted { $0.key < $1.key }.map { .init(slot: $0.key, findings: $0.value) })
    }
    return ReportPage.SlotMap(examined: examined, rows: rows, unplaced: unplaced)
  }

  /// Whether slots say which shard holds a record: no two shards claim one.
  private static func mapsSlots(_ topology: TopologySeen) -> Bool {
    topology.shards.values.reduce(0) { $0 + $1.count } <= Slot.count
  }
}
