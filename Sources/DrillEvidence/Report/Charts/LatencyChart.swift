import DrillModel
import Foundation

/// Percentiles of the restored copy's latency beside those of the reference, on a logarithmic axis.
enum LatencyChart {
  static func markup(_ sides: [Run.Latency], id: String) -> String? {
    let values = sides.flatMap { [$0.latencyP50Us, $0.latencyP99Us, $0.latencyP999Us, $0.latencyMaxUs] }.filter {
      $0 > 0
    }
    guard let lowest = values.min(), let highest = values.max() else { return nil }
    let (first, last) = (
      log10(lowest).rounded(.down), max(log10(highest).rounded(.up), log10(lowest).rounded(.down) + 1)
    )
    let (left, right, top, row) = (44.0, 270.0, 30.0, 26.0)
    let position = { (us: Double) in left + (log10(max(us, 1e-9)) - first) / (last - first) * (right - left) }
    let percentiles: [(String, (Run.Latency) -> Double)] = [
      ("p50", \.latencyP50Us), ("p99", \.latencyP99Us), ("p99.9", \.latencyP999Us), ("max", \.latencyMaxUs),
    ]
    let bottom = top + row * Double(percentiles.count)
    var svg = SVG(
      id: id, height: bottom + 48, title: "Latency percentiles: sandbox against reference", summary: summary(sides))
    for power in Int(first)...Int(last) {
      let x = position(pow(10, Double(power)))
      svg.line(x, top - 4, x, bottom, "grid")
      svg.text(x, bottom + 13, label(pow(10, Double(power))), .middle, "t m")
    }
    let reference = sides.first { $0.side == "reference" }
    let sandbox = sides.first { $0.side == "sandbox" }
    let live = sides.first { $0.side == "live" }
    svg.text(352, top - 14, "sandbox ÷ reference", .end, "t m")
    for (index, (name, value)) in percentiles.enumerated() {
      let y = top + row * Double(index) + row / 2
      svg.text(left - 8, y + 3.5, name, .end)
      let ends = [reference, live, sandbox].compactMap { $0 }.map { position(value($0)) }
      if let low = ends.min(), let high = ends.max() { svg.line(low, y, high, y, "span") }
      if let reference {
        svg.circle(position(value(reference)), y, 4.2, "ring", label: "reference \(name): \(time(value(reference)))")
      }
      if let live {
        let x = position(value(live))
        svg.rect(x - 3.5, y - 3.5, 7, 7, "square", label: "live \(name): \(time(value(live)))")
      }
      if let sandbox {
        let x = position(value(sandbox))
        svg.shape(
          [(x, y - 5), (x + 5, y), (x, y + 5), (x - 5, y)], "diamond", label: "sandbox \(name): \(time(value(sandbox)))"
        )
      }
      if let reference, let sandbox, value(reference) > 0 {
        svg.text(352, y + 3.5, "× \(SVG.number((value(sandbox) / value(reference) * 100).rounded() / 100))", .end)
      }
    }
    svg.text((left + right) / 2, bottom + 27, "latency, logarithmic", .middle, "t m")
    svg.circle(left + 4, bottom + 39, 4.2, "ring")
    svg.text(left + 14, bottom + 43, "reference", .start, "t m")
    svg.shape([(120, bottom + 34), (125, bottom + 39), (120, bottom + 44), (115, bottom + 39)], "diamond")
    svg.text(130, bottom + 43, "sandbox", .start, "t m")
    if live != nil {
      svg.rect(182, bottom + 35.5, 7, 7, "square")
      svg.text(194, bottom + 43, "live, later", .start, "t m")
    }
    return svg.markup
  }

  private static func time(_ us: Double) -> String { Format.duration(ms: us / 1000) }

  private static func label(_ us: Double) -> String {
    us < 1000 ? "\(SVG.number(us)) µs" : us < 1e6 ? "\(SVG.number(us / 1000)) ms" : "\(SVG.number(us / 1e6)) s"
  }

  private static func summary(_ sides: [Run.Latency]) -> String {
    sides.map {
      "\($0.side), \(Format.plural($0.operations, "operation")): p50 \(time($0.latencyP50Us)), p99 \(time($0.latencyP99Us)), "
        + "p99.9 \(time($0.latencyP999Us)), longest \(time($0.latencyMaxUs))"
    }.joined(separator: "; ") + "."
  }
}
