/// A drawing as inline SVG: shapes with classes, so that the page's style gives them colour in light, dark and print; text escaped where it is written.
///
/// Drawings are laid out for 360 units of width, which is a phone's; on wider screens two stand beside each other.
struct SVG {
  static let width = 360.0

  private var body = ""
  private var height: Double
  /// ``width`` but for drawings that a narrow screen scrolls.
  private let ownWidth: Double
  /// Unique within a page.
  private let id: String
  private let title: String
  private let summary: String

  /// - Parameters:
  ///   - title: what is drawn.
  ///   - summary: what there is to see in it, for people who do not see it.
  init(id: String, height: Double, width: Double = SVG.width, title: String, summary: String) {
    self.id = id
    self.height = height
    ownWidth = width
    self.title = title
    self.summary = summary
  }

  enum Anchor: String { case start, middle, end }

  mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
    body += "<line x1=\"\(n(x1))\" y1=\"\(n(y1))\" x2=\"\(n(x2))\" y2=\"\(n(y2))\" class=\"\(style)\"/>"
  }

  /// - Parameter label: shown when a pointer rests on it, and read aloud.
  mutating func rect(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String, label: String? = nil
  ) {
    let start = "<rect x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(max(width, 0)))\" height=\"\(n(max(height, 0)))\""
    body += labelled("\(start) class=\"\(style)\"", "rect", label)
  }

  /// A filled outline through the points, relative ones after the first: `M x y l dx dy … z`.
  mutating func shape(_ points: [(Double, Double)], _ style: String, label: String? = nil) {
    let path = points.enumerated().map { "\($0.offset == 0 ? "M" : "L")\(n($0.element.0)) \(n($0.element.1))" }
    body += labelled("<path d=\"\(path.joined())Z\" class=\"\(style)\"", "path", label)
  }

  mutating func circle(_ x: Double, _ y: Double, _ radius: Double, _ style: String, label: String? = nil) {
    body += labelled("<circle cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"\(n(radius))\" class=\"\(style)\"", "circle", label)
  }

  mutating func polyline(_ points: [(Double, Double)], _ style: String) {
    guard points.count > 1 else { return }
    body += "<polyline points=\"\(points.map { "\(n($0.0)),\(n($0.1))" }.joined(separator: " "))\" class=\"\(style)\"/>"
  }

  mutating func text(_ x: Double, _ y: Double, _ text: String, _ anchor: Anchor = .start, _ style: String = "t") {
    body += "<text x=\"\(n(x))\" y=\"\(n(y))\" text-anchor=\"\(anchor.rawValue)\" class=\"\(style)\">"
    body += MarkupText.escaped(text) + "</text>"
  }

  /// Diagonal lines, for what was not examined; ``hatch`` is the class that uses them.
  mutating func defineHatch() {
    body += """
      <defs><pattern id="\(id)-h" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
      <line x1="0" y1="0" x2="0" y2="5" class="hl"/></pattern></defs>
      """
  }

  mutating func hatched(_ x: Double, _ y: Double, _ width: Double, _ height: Double, label: String? = nil) {
    let start = "<rect x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(max(width, 0)))\" height=\"\(n(max(height, 0)))\""
    body += labelled("\(start) fill=\"url(#\(id)-h)\" class=\"hb\"", "rect", label)
  }

  private func labelled(_ start: String, _ element: String, _ label: String?) -> String {
    guard let label else { return start + "/>" }
    return "\(start)><title>\(MarkupText.escaped(label))</title></\(element)>"
  }

  var markup: String {
    """
    <svg class="\(ownWidth > SVG.width ? "chart broad" : "chart")" viewBox="0 0 \(n(ownWidth)) \(n(height))" role="img" aria-labelledby="\(id)-t \(id)-d">\
    <title id="\(id)-t">\(MarkupText.escaped(title))</title><desc id="\(id)-d">\(MarkupText.escaped(summary))</desc>\
    \(body)</svg>
    """
  }

  private func n(_ value: Double) -> String { SVG.number(value) }

  /// With at most two decimals, and never in a notation that SVG does not know.
  static func number(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e9 else { return "0" }
    let hundredths = Int((value * 100).rounded())
    let fraction = hundredths.magnitude % 100
    let text = (hundredths < 0 ? "-" : "") + String(hundredths.magnitude / 100)
    if fraction == 0 { return text }
    if fraction % 10 == 0 { return "\(text).\(fraction / 10)" }
    return "\(text).\(fraction < 10 ? "0" : "")\(fraction)"
  }
}
