import Testing

/// A strict little reader of the markup that reports are made of: every element and attribute is one that we write, quoted and closed. Whatever a value
/// smuggles in shows as an element, an attribute, or an error.
struct MarkupScan {
  struct Broken: Error { var detail: String }

  var elements: Set<String> = []
  var attributes: Set<String> = []
  /// The text between the elements, with its references resolved; that of `style` is left out.
  var text = ""
  /// The same of attributes.
  var values: [String] = []

  /// Elements of HTML that have no end. Source: HTML Living Standard, section 13.1.2 (void elements).
  private static let void: Set<String> = ["meta", "br"]
  private static let references = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "#39": "'", "#96": "`"]

  init(_ markup: String) throws {
    var rest = Array(markup.unicodeScalars)[...]
    var open: [String] = []
    func fail(_ detail: String) -> Broken {
      Broken(detail: "\(detail) near …\(String(String.UnicodeScalarView(rest.prefix(60))))")
    }
    func resolved(_ raw: ArraySlice<Unicode.Scalar>) throws -> String {
      let parts = raw.split(separator: "&", omittingEmptySubsequences: false)
      return try parts.dropFirst().reduce(into: string(parts[0])) { text, part in
        guard let end = part.firstIndex(of: ";"), let known = Self.references[string(part[..<end])] else {
          throw fail("a bare &")
        }
        text += known + string(part[part.index(after: end)...])
      }
    }
    func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String { String(String.UnicodeScalarView(scalars)) }
    while let start = rest.firstIndex(of: "<") {
      let before = rest[..<start]
      guard !before.contains(">") || open.last == "style" else { throw fail("a bare >") }
      if open.last != "style" { text += try resolved(before) }
      rest = rest[rest.index(after: start)...]
      if rest.first == "!" || rest.first == "?" {
        guard let end = rest.firstIndex(of: ">") else { throw fail("no end of a declaration") }
        rest = rest[rest.index(after: end)...]
        continue
      }
      let isEnd = rest.first == "/"
      if isEnd { rest = rest.dropFirst() }
      let name = string(rest.prefix { $0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "-" })
      guard !name.isEmpty else { throw fail("a bare <") }
      rest = rest.dropFirst(name.unicodeScalars.count)
      elements.insert(name)
      var isEmpty = false
      while true {
        rest = rest.drop { $0 == " " || $0 == "\n" }
        if rest.first == "/" { (isEmpty, rest) = (true, rest.dropFirst()) }
        if rest.first == ">" { break }
        let attribute = string(rest.prefix { $0.properties.isAlphabetic || $0 == "-" || ("0"..."9").contains($0) })
        guard !attribute.isEmpty else { throw fail("no attribute in <\(name)") }
        rest = rest.dropFirst(attribute.unicodeScalars.count)
        attributes.insert(attribute)
        guard rest.first == "=" else { throw fail("\(attribute) of <\(name) has no value") }
        rest = rest.dropFirst()
        guard rest.first == "\"", let end = rest.dropFirst().firstIndex(of: "\"") else {
          throw fail("the value of \(attribute) is not quoted")
        }
        values.append(try resolved(rest.dropFirst()[..<end]))
        rest = rest[rest.index(after: end)...]
      }
      rest = rest.dropFirst()
      if isEnd {
        guard open.popLast() == name else { throw fail("</\(name)> closes nothing") }
      } else if !isEmpty, !Self.void.contains(name) {
        open.append(name)
      }
    }
    guard open.isEmpty else { throw Broken(detail: "never closed: \(open)") }
    text += try resolved(rest)
  }
}

/// What our pages are made of; anything else came from a value.
enum OurMarkup {
  static let elements: Set<String> = [
    "html", "head", "meta", "title", "style", "body", "main", "header", "footer", "nav", "section", "article", "div",
    "span", "p", "h1", "h2", "h3", "strong", "code", "ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody",
    "tr", "th", "td", "figure", "figcaption", "details", "summary", "a", "svg", "desc", "defs", "pattern", "g", "line",
    "rect", "path", "circle", "polyline", "text",
  ]
  static let attributes: Set<String> = [
    "lang", "http-equiv", "content", "charset", "name", "class", "id", "role", "href", "aria-hidden", "aria-label",
    "aria-labelledby", "viewBox", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "d", "width", "height", "points",
    "fill", "text-anchor", "patternUnits", "patternTransform",
  ]
}
