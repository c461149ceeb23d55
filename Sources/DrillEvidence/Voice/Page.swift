/// Lines of text, wrapped to a width.
struct Page {
  private(set) var lines: [String] = []
  let style: TextStyle

  init(_ style: TextStyle) { self.style = style }

  /// The lines, each ended by a line break.
  var text: String { lines.map { $0 + "\n" }.joined() }

  /// An empty line, unless there is one already or nothing before it.
  mutating func gap() {
    if let last = lines.last, !last.isEmpty { lines.append("") }
  }

  /// Leaves out what is beyond `limit` lines, and says so in the last one.
  mutating func cut(to limit: Int) {
    guard lines.count > limit else { return }
    let omitted = lines.count - limit + 1
    lines.removeLast(omitted)
    paragraph([Span("… and \(Format.plural(omitted, "more line"))", .dim)])
  }

  /// Text that goes on below itself: the first line starts at `indent`, further ones at `hanging`, which leaves a line
  /// some room whatever it is.
  mutating func paragraph(_ spans: [Span], indent: Int = 0, hanging: Int? = nil) {
    let hanging = min(hanging ?? indent, style.columns - Page.leastRoom)
    var line = String(repeating: " ", count: indent)
    var width = indent
    var isAtStart = true
    for word in Page.words(spans) {
      // The spaces at which a line is broken go with it.
      if !isAtStart, width + word.spaces + word.width > style.columns {
        lines.append(line)
        (line, width) = (String(repeating: " ", count: hanging), hanging)
      } else {
        line += String(repeating: " ", count: word.spaces)
        width += word.spaces
      }
      isAtStart = false
      for part in word.parts {
        var rest = Substring(part.text)
        // A word that is longer than a line is broken where the line ends.
        while width + rest.count > style.columns {
          let room = max(0, style.columns - width)
          line += Span(String(rest.prefix(room)), part.tone).rendered(style)
          rest = rest.dropFirst(room)
          lines.append(line)
          (line, width) = (String(repeating: " ", count: hanging), hanging)
        }
        line += Span(String(rest), part.tone).rendered(style)
        width += rest.count
      }
    }
    lines.append(line)
  }

  /// What stands between spaces, in as many tones as it has.
  private struct Word {
    var spaces: Int
    var parts: [Span] = []
    var width: Int { parts.reduce(0) { $0 + $1.text.count } }
  }

  private static func words(_ spans: [Span]) -> [Word] {
    var words: [Word] = []
    var open = Word(spaces: 0)
    for span in spans {
      for (index, text) in span.text.split(separator: " ", omittingEmptySubsequences: false).enumerated() {
        if index > 0 {
          if open.parts.isEmpty {
            open.spaces += 1
          } else {
            words.append(open)
            open = Word(spaces: 1)
          }
        }
        if !text.isEmpty { open.parts.append(Span(String(text), span.tone)) }
      }
    }
    return open.parts.isEmpty ? words : words + [open]
  }

  /// A name in the left margin and what there is to say of it.
  mutating func field(_ name: String, _ spans: [Span]) {
    paragraph([Span(name.padded(to: Page.margin), .strong)] + spans, hanging: Page.margin)
  }

  /// Columns that a line has at least.
  private static let leastRoom = 20

  /// Where the text beside a ``field(_:_:)``'s name starts.
  static let margin = 11

  /// Rows whose columns stand below each other; the last column goes on below itself.
  mutating func table(_ rows: [[Span]], indent: Int = 0, rightAligned: Set<Int> = []) {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].text.count : 0 }.max() ?? 0 }
    for row in rows {
      var spans: [Span] = []
      for (column, cell) in row.enumerated() {
        let room = String(repeating: " ", count: widths[column] - cell.text.count)
        let isLast = column == row.count - 1
        spans += rightAligned.contains(column) ? [Span(room), cell] : [cell, Span(isLast ? "" : room)]
        if !isLast { spans.append("  ") }
      }
      paragraph(spans, indent: indent, hanging: indent + widths.prefix(row.count - 1).reduce(0) { $0 + $1 + 2 })
    }
  }
}

extension String {
  /// The beginning, with `…` where something is left out.
  func clipped(to limit: Int) -> String { count > limit ? prefix(limit - 1) + "…" : self }

  func padded(to width: Int) -> String { count < width ? self + String(repeating: " ", count: width - count) : self }
}
