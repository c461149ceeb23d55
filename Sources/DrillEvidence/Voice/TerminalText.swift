/// Makes foreign text harmless on a terminal: names of files, keys and servers can hold anything.
package enum TerminalText {
  /// `text` with everything that moves a cursor, hides itself or turns the direction of writing shown as `\u{…}`.
  package static func safe(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isHarmful) else { return text }
    return text.unicodeScalars.reduce(into: "") { safe, scalar in
      if isHarmful(scalar) {
        safe += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        safe.unicodeScalars.append(scalar)
      }
    }
  }

  private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    // Controls (C0, DEL, C1), formats (zero width, bidirectional overrides, tags), line and paragraph separators,
    // and what has no meaning.
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate: true
    default: false
    }
  }
}
