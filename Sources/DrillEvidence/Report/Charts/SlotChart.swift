import DrillModel

/// Where content differs: a strip of slots for each shard, 128 slots to a cell. What was not examined is hatched, what a shard does not own is left out.
enum SlotChart {
  static let buckets = 128
  static let slotsPerBucket = Slot.count / buckets
  /// More shards than this are folded into one line of text.
  static let mostRows = 24

  /// One cell of a strip.
  struct Cell: Equatable {
    var owned: Int
    var examined: Int?
    /// Differing slots, and the findings that name them.
    var slots: Int
    var findings: Int
  }

  static func cells(_ row: ReportPage.SlotMap.Row, examined: SlotSet?) -> [Cell] {
    let owned = row.owned ?? .all
    let both = examined.map { $0.intersection(owned) }
    var cells = Array(repeating: Cell(owned: 0, examined: both.map { _ in 0 }, slots: 0, findings: 0), count: buckets)
    for slot in owned.slots { cells[Int(slot.rawValue) / slotsPerBucket].owned += 1 }
    for slot in both?.slots ?? [] { cells[Int(slot.rawValue) / slotsPerBucket].examined? += 1 }
    for count in row.differing {
      cells[Int(count.slot.rawValue) / slotsPerBucket].slots += 1
      cells[Int(count.slot.rawValue) / slotsPerBucket].findings += count.findings
    }
    return cells
  }

  static func markup(_ map: ReportPage.SlotMap, id: String) -> String {
    let (left, right, top) = (4.0, 356.0, 8.0)
    let step = 34.0
    // Shards where something differs go first where not all fit.
    let ordered = map.rows.filter { !$0.differing.isEmpty } + map.rows.filter(\.differing.isEmpty)
    let kept = Set(ordered.prefix(mostRows).map(\.shard))
    let rows = map.rows.filter { kept.contains($0.shard) }
    let bottom = top + step * Double(rows.count)
    var svg = SVG(
      id: id, height: bottom + 44, title: "Slots by shard: where content differs, and what was examined",
      summary: summary(map))
    svg.defineHatch()
    let width = (right - left) / Double(buckets)
    for (index, row) in rows.enumerated() {
      let y = top + step * Double(index) + 12
      let name = row.shard.map { $0.clipped(to: 30) } ?? (map.rows.count == 1 ? "all shards" : "shard not stated")
      svg.text(left, y - 4, name, .start)
      let cells = cells(row, examined: map.examined)
      svg.text(right, y - 4, verdict(row, cells), .end, "t m")
      strip(&svg, cells, x: left, y: y, width: width)
    }
    for (mark, anchor) in [(0, SVG.Anchor.start), (4096, .middle), (8192, .middle), (12288, .middle), (16384, .end)] {
      let x = left + (right - left) * Double(mark) / Double(Slot.count)
      svg.line(x, bottom - 4, x, bottom, "axis")
      svg.text(x, bottom + 9, String(mark), anchor, "t m")
    }
    legend(&svg, map, y: bottom + 32)
    return svg.markup
  }

  /// A strip on which nothing differs says how much of it was looked at.
  private static func verdict(_ row: ReportPage.SlotMap.Row, _ cells: [Cell]) -> String {
    if !row.differing.isEmpty { return "\(Format.plural(row.differing.count, "slot")) differ" }
    let examined = cells.reduce(0) { $0 + ($1.examined ?? 0) }
    let owned = cells.reduce(0) { $0 + $1.owned }
    if cells.contains(where: { $0.examined == nil }) { return "not recorded" }
    if examined == 0 { return "not examined" }
    return examined == owned ? "no difference" : "no difference in \(Format.count(examined)) of \(Format.count(owned))"
  }

  /// Cells that are alike and beside each other are drawn as one.
  private static func strip(_ svg: inout SVG, _ cells: [Cell], x: Double, y: Double, width: Double) {
    enum Look: Equatable {
      case notOwned, notExamined, part, equal, unknown
      case differs(Int)
    }
    func look(_ index: Int) -> Look {
      let cell = cells[index]
      if cell.slots > 0 { return .differs(index) }
      if cell.owned == 0 { return .notOwned }
      guard let examined = cell.examined else { return .unknown }
      return examined == 0 ? .notExamined : examined < cell.owned ? .part : .equal
    }
    var index = 0
    while index < buckets {
      let first = index
      let shown = look(first)
      while index < buckets, look(index) == shown { index += 1 }
      let (left, wide) = (x + Double(first) * width, Double(index - first) * width)
      let range = "slots \(first * slotsPerBucket)–\(index * slotsPerBucket - 1)"
      switch shown {
      case .notOwned: svg.rect(left, y + 6, wide, 1, "none")
      case .notExamined: svg.hatched(left, y, wide, 14, label: "\(range): not examined")
      case .part: svg.hatched(left, y, wide, 14, label: "\(range): examined in part")
      case .unknown: svg.hatched(left, y, wide, 14, label: "\(range): whether they were examined is not recorded")
      case .equal: svg.rect(left, y, wide, 14, "equal", label: "\(range): examined, no difference")
      case .differs:
        let cell = cells[first]
        let heat = cell.slots > slotsPerBucket / 2 ? 3 : cell.slots > slotsPerBucket / 8 ? 2 : 1
        svg.rect(
          left, y - 1, wide, 16, "heat\(heat)",
          label: "\(range): \(Format.plural(cell.slots, "slot")) differ, \(Format.plural(cell.findings, "finding"))")
      }
    }
  }

  private static func legend(_ svg: inout SVG, _ map: ReportPage.SlotMap, y: Double) {
    svg.rect(4, y - 9, 10, 10, "equal")
    svg.text(18, y, "equal", .start, "t m")
    svg.hatched(62, y - 9, 10, 10)
    svg.text(76, y, map.examined == nil ? "not recorded" : "not examined", .start, "t m")
    for heat in 1...3 { svg.rect(160 + Double(heat - 1) * 12, y - 10, 10, 12, "heat\(heat)") }
    svg.text(199, y, "differ: few, > 1/8, > half of 128", .start, "t m")
  }

  private static func summary(_ map: ReportPage.SlotMap) -> String {
    let parts = map.rows.filter { !$0.differing.isEmpty }.prefix(8).map { row in
      "\(row.shard ?? "shard not stated"): \(Format.plural(row.differing.count, "slot")) of "
        + "\(Format.plural(row.differing.reduce(0) { $0 + $1.findings }, "finding"))"
    }
    let examined =
      map.examined.map { "\(Format.count($0.count)) of \(Format.count(Slot.count)) slots were examined" }
      ?? "which slots were examined is not recorded"
    let unplaced = map.unplaced > 0 ? " \(Format.plural(map.unplaced, "difference")) name no slot." : ""
    return "\(examined). \(parts.isEmpty ? "None differ." : "Differing: \(parts.joined(separator: "; ")).")\(unplaced)"
  }
}
