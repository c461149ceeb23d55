/// A piece of text in one tone; whatever it is made of, it is harmless on a terminal.
struct Span: ExpressibleByStringInterpolation {
  enum Tone { case plain, strong, dim, good, bad, unsure }

  let text: String
  let tone: Tone

  init(_ text: String, _ tone: Tone = .plain) {
    self.text = TerminalText.safe(text)
    self.tone = tone
  }

  init(stringLiteral text: String) { self.init(text) }

  func rendered(_ style: TextStyle) -> String {
    guard style.isColoured, !text.isEmpty else { return text }
    // Source: ECMA-48, select graphic rendition.
    let code: String
    switch tone {
    case .plain: return text
    case .strong: code = "1"
    case .dim: code = "2"
    case .good: code = "1;32"
    case .bad: code = "1;31"
    case .unsure: code = "1;33"
    }
    return "\u{1B}[\(code)m\(text)\u{1B}[0m"
  }
}
