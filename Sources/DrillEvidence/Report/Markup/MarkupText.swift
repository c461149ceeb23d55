/// Foreign text made harmless for HTML, SVG and XML, in content and in quoted attributes.
package enum MarkupText {
  /// Whatever cannot be seen is shown as `\u{…}`, and what markup is made of becomes a reference.
  ///
  /// By Unicode scalars, not by characters: a quote followed by a combining mark is one character, and would slip through.
  package static func escaped(_ text: String) -> String {
    let safe = TerminalText.safe(text)
    guard safe.utf8.contains(where: isMarkup) else { return safe }
    return safe.unicodeScalars.reduce(into: "") { escaped, scalar in
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      case "`": escaped += "&#96;"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
  }

  private static func isMarkup(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x26, 0x3C, 0x3E, 0x22, 0x27, 0x60: true
    default: false
    }
  }

  /// The same as markup, with what stands between backticks as code.
  package static func withCode(_ text: String) -> String {
    let parts = text.split(separator: "`", omittingEmptySubsequences: false).map { escaped(String($0)) }
    // An odd backtick at the end is one of the text's own.
    guard parts.count % 2 == 1 else { return escaped(text) }
    return parts.enumerated().map { $0.offset % 2 == 1 ? "<code>\($0.element)</code>" : $0.element }.joined()
  }

  /// One segment of a URL's path: everything but letters, digits and `-._~` as `%XX`. Source: RFC 3986, section 2.3.
  package static func pathSegment(_ text: String) -> String {
    let hex = Array("0123456789ABCDEF")
    return text.utf8.reduce(into: "") { segment, byte in
      switch byte {
      case 0x41...0x5A, 0x61...0x7A, 0x30...0x39, 0x2D, 0x2E, 0x5F, 0x7E:
        segment.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        segment += "%"
        segment.append(hex[Int(byte >> 4)])
        segment.append(hex[Int(byte & 15)])
      }
    }
  }
}
