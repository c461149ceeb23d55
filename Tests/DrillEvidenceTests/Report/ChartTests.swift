import DrillModel
import Foundation
import Testing

@testable import DrillEvidence

@Suite("Charts")
struct ChartTests {
  @Test(
    "a scale ends at or above its maximum, in round steps",
    arguments: [0.001, 0.29, 1, 3.3, 7, 10, 59.99, 60, 61, 1234, 9e8])
  func scale(maximum: Double) {
    let scale = Scale(upTo: maximum)
    #expect(scale.top >= maximum * 0.999_999 && scale.top <= maximum * 2.5)
    #expect((3...7).contains(scale.marks.count))
    #expect(scale.marks.first == 0 && scale.marks.last == scale.top)
    #expect(scale.position(scale.top / 2, on: 100) == 50)
    #expect(scale.position(scale.top * 9, on: 100) == 100)
  }

  @Test("a scale of nothing is still an axis", arguments: [0, -1, .nan, .infinity])
  func emptyScale(maximum: Double) {
    #expect(Scale(upTo: maximum).top == 1)
  }

  @Test("numbers are written as SVG knows them")
  func numbers() {
    #expect(
      [0, 1, -1.5, 2.345, 0.05, 1e12, .nan, -0.001].map { SVG.number($0) } == [
        "0", "1", "-1.5", "2.35", "0.05", "0", "0", "0",
      ])
  }

  /// The value of a number's attribute in every element of a class.
  private func values(_ attribute: String, ofClass style: String, in svg: String) throws -> [Double] {
    let element = try Regex("<[a-z]+ [^>]*class=\"\(style)\"")
    return svg.matches(of: element).compactMap { match in
      let text = String(svg[match.range])
      guard let found = text.range(of: " \(attribute)=\"") else { return nil }
      return Double(text[found.upperBound...].prefix { $0 != "\"" })
    }
  }

  private func point(_ number: Int, _ verdict: Verdict, ms: Double?) -> ReportPage.Trend.Point {
    ReportPage.Trend.Point(
      run: "r\(number)",
      at: Instant(millisecondsSince1970: SampleRuns.start.millisecondsSince1970 + Int64(number) * 86_400_000),
      verdict: verdict, restoreMs: ms, targetMs: 10_000, drift: nil)
  }

  @Test("restore times stand at heights that are in proportion, and each verdict has a shape of its own")
  func trend() throws {
    let trend = ReportPage.Trend(
      drill: "d", omitted: 0,
      points: [
        point(0, .pass, ms: 2000), point(1, .pass, ms: 4000), point(2, .fail, ms: 8000),
        point(3, .inconclusive, ms: nil),
      ])
    let svg = try #require(TrendChart.markup(trend, id: "t"))
    let axis = try values("y1", ofClass: "axis", in: svg)[0]
    // The last circle is the legend's.
    let heights = try values("cy", ofClass: "good", in: svg).dropLast().map { axis - $0 }
    #expect(heights.count == 2)
    #expect(abs(heights[1] / heights[0] - 2) < 0.01)
    let limit = axis - (try values("y1", ofClass: "limit", in: svg)[0])
    #expect(abs(limit / heights[0] - 5) < 0.02)
    #expect(
      svg.matches(of: /<path [^>]*class="bad"/).count == 2 && svg.matches(of: /<path [^>]*class="unsure"/).count == 2)
    #expect(svg.contains("2026-01-04 00:00:00Z: not restored, inconclusive"))
    #expect(svg.contains("2 pass, 1 inconclusive, 1 fail."))
    #expect(
      TrendChart.markup(ReportPage.Trend(drill: "d", omitted: 0, points: [point(0, .pass, ms: nil)]), id: "t") == nil)
  }

  @Test("phases follow each other, as wide as they took, and a far objective is said instead of drawn")
  func phases() throws {
    var facts = ReportPage.RestoreFacts(
      totalMs: 1000, targetMs: 2000,
      phases: [.init(phase: .copy, elapsedMs: 250), .init(phase: .load, elapsedMs: 750)], shards: [], around: [])
    let svg = try #require(PhaseChart.markup(facts, id: "p"))
    let (starts, widths) = (try values("x", ofClass: "bar", in: svg), try values("width", ofClass: "bar", in: svg))
    #expect(abs(widths[1] / widths[0] - 3) < 0.01)
    #expect(abs(starts[0] + widths[0] - starts[1]) < 0.02)
    let limit = try values("x1", ofClass: "limit", in: svg)[0]
    #expect(abs((limit - starts[0]) / (widths[0] + widths[1]) - 2) < 0.01)
    facts.targetMs = 60_000
    let far = try #require(PhaseChart.markup(facts, id: "p"))
    #expect(try values("x1", ofClass: "limit", in: far).isEmpty && far.contains("RTO 1 min, far to the right"))
    #expect(PhaseChart.markup(ReportPage.RestoreFacts(phases: [], shards: [], around: []), id: "p") == nil)
  }

  @Test("16384 slots fold into 128 cells that add up, and tell examined from owned")
  func slots() {
    let examined = SlotSet(0...4095)
    let row = ReportPage.SlotMap.Row(
      shard: "s1", owned: SlotSet(0...8191),
      differing: [
        .init(slot: Slot(0), findings: 3), .init(slot: Slot(127), findings: 1), .init(slot: Slot(128), findings: 1),
      ])
    let cells = SlotChart.cells(row, examined: examined)
    #expect(cells.count == 128)
    #expect(cells.reduce(0) { $0 + $1.owned } == 8192 && cells.reduce(0) { $0 + ($1.examined ?? 0) } == 4096)
    #expect(cells[0] == SlotChart.Cell(owned: 128, examined: 128, slots: 2, findings: 4))
    #expect(cells[1].slots == 1 && cells[32].examined == 0 && cells[64].owned == 0)
    let svg = SlotChart.markup(ReportPage.SlotMap(examined: examined, rows: [row], unplaced: 0), id: "s")
    #expect(svg.contains("slots 0–127: 2 slots differ, 4 findings"))
    #expect(svg.contains("slots 4096–8191: not examined"))
    #expect(svg.contains("slots 256–4095: examined, no difference"))
    #expect(!svg.contains("8192–16383: examined"))
    let unknown = SlotChart.markup(ReportPage.SlotMap(examined: nil, rows: [row], unplaced: 0), id: "s")
    #expect(unknown.contains("is not recorded") && !unknown.contains("examined, no difference"))
    let empty = ReportPage.SlotMap.Row(shard: "s1", owned: SlotSet(0...8191), differing: [])
    for (looked, said) in [
      (SlotSet(), "not examined"), (SlotSet(0...99), "no difference in 100 of 8,192"), (.all, "no difference"),
    ] {
      #expect(
        SlotChart.markup(.init(examined: looked, rows: [empty], unplaced: 0), id: "s").contains(">\(said)</text>"))
    }
  }

  @Test("a finding's slot stands at the shard that it names, or at the one that owns it")
  func owners() {
    let seen = TopologySeen(
      cluster: "c",
      Topology(
        epoch: 3, shards: [.init(name: "a", slots: SlotSet(0...8191)), .init(name: "b", slots: SlotSet(8192...16383))]),
      seenIn: "live")
    let map = SlotMaps.map(
      [
        (.contentDiffers, .init(slot: Slot(9000))), (.answerDiffers, .init(shard: "a", slot: Slot(5))),
        (.checksumMismatch, .init(shard: "a", slot: Slot(6))), (.countDiffers, .init(shard: "gone", slot: Slot(7))),
        (.contentDiffers, .init()),
      ], examined: nil, topology: seen)
    #expect(map.rows.map(\.shard) == ["a", "b", "gone"])
    #expect(map.rows.map { $0.differing.map(\.slot) } == [[Slot(5)], [Slot(9000)], [Slot(7)]])
    #expect(map.unplaced == 1)
  }

  @Test("latencies a decade apart stand equally far apart")
  func latency() throws {
    let svg = try #require(
      LatencyChart.markup(
        [
          Run.Latency(side: "reference", operations: 9, p50: 10, p99: 100, p999: 1000, max: 10_000),
          Run.Latency(side: "sandbox", operations: 9, p50: 20, p99: 200, p999: 2000, max: 20_000),
        ], id: "l"))
    let places = try values("cx", ofClass: "ring", in: svg).dropLast()
    let steps = zip(places.dropFirst(), places).map { $0 - $1 }
    #expect(steps.count == 3 && steps.allSatisfy { abs($0 - steps[0]) < 0.02 })
    #expect(svg.matches(of: /× 2</).count == 4)
    #expect(LatencyChart.markup([], id: "l") == nil)
  }

  @Test("drift that was not looked for is not drawn as none")
  func drift() throws {
    var looked = point(0, .pass, ms: 1)
    looked.drift = [Run.DriftTally(kind: .changed, attribution: .explained, cause: .changedAfterCut, count: 40)]
    var more = point(1, .pass, ms: 1)
    more.drift = [Run.DriftTally(kind: .added, attribution: .explained, cause: .changedAfterCut, count: 20)]
    let trend = ReportPage.Trend(drill: "d", omitted: 0, points: [looked, more, point(2, .pass, ms: 1)])
    let svg = try #require(DriftChart.markup(trend, id: "d"))
    let heights = try values("height", ofClass: "explained", in: svg)
    #expect(heights.count == 2 && abs(heights[0] / heights[1] - 2) < 0.01)
    #expect(svg.contains("2026-01-03 00:00:00Z: not looked for"))
    #expect(
      DriftChart.markup(ReportPage.Trend(drill: "d", omitted: 0, points: [point(0, .pass, ms: 1)]), id: "d") == nil)
  }
}
