import DrillEvidence
import DrillModel

/// The keys that someone may mean by what was typed; in every engine's own form.
struct WantedKey: Sendable {
  private enum Meaning {
    /// Typed as text: literally, and with `\xNN` read as a byte where there is any.
    case texts([[UInt8]])
    case bytes([UInt8])
    case redacted(String)
  }
  private let meaning: Meaning

  /// - Throws: `DrillError` with `usage`.
  init(_ text: String, isHex: Bool) throws {
    if isHex {
      guard let bytes = WantedKey.bytes(hex: text) else {
        throw DrillError(.usage, subject: text, detail: "this is not an even number of hexadecimal digits")
      }
      meaning = .bytes(bytes)
    } else if text.hasPrefix("key:"), text.count == 20, text.dropFirst(4).allSatisfy(\.isHexDigit) {
      meaning = .redacted(text)
    } else {
      let literal = Array(text.utf8)
      let unescaped = WantedKey.unescaped(literal)
      meaning = .texts(unescaped == literal ? [literal] : [literal, unescaped])
    }
  }

  /// Whether only the redacted name is known: then every record has to be looked at.
  var redacted: String? {
    if case .redacted(let name) = meaning { name } else { nil }
  }

  /// The keys in the form of an engine; none where only the redacted name is known.
  func keys(in engine: any Engine) -> Set<[UInt8]> {
    let isRows = engine.name == "sqlite"
    switch meaning {
    case .redacted: return []
    case .bytes(let bytes):
      guard isRows else { return [bytes] }
      var blob: [UInt8] = []
      blob.appendBlob(bytes)
      return [bytes, blob]
    case .texts(let texts): return isRows ? Set(texts.flatMap(WantedKey.rowKeys)) : Set(texts)
    }
  }

  /// The name under which the first of the meanings is shown.
  func name(_ redactor: KeyRedactor?) -> KeyName {
    switch meaning {
    case .redacted(let name): .redacted(name)
    case .bytes(let bytes): redactor?.redact(bytes) ?? .clear(bytes)
    case .texts(let texts): redactor?.redact(texts[0]) ?? .clear(texts[0])
    }
  }

  /// Primary keys that a person writes so: one column, or several with commas between; each a number where it looks like one, and text.
  private static func rowKeys(_ text: [UInt8]) -> [[UInt8]] {
    let columns = text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map(Array.init)
    let whole = forms(text)
    guard (2...mostColumns).contains(columns.count) else { return whole }
    return whole
      + columns.reduce([[]]) { keys, column in
        keys.flatMap { key in forms(column).map { key + $0 } }
      }
  }

  private static let mostColumns = 6

  private static func forms(_ column: [UInt8]) -> [[UInt8]] {
    var text: [UInt8] = []
    text.appendText(column)
    guard let number = Int64(String(decoding: column, as: UTF8.self)) else { return [text] }
    var integer: [UInt8] = []
    integer.appendInteger(number)
    return [integer, text]
  }

  private static func bytes(hex: String) -> [UInt8]? {
    let digits = hex.utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = digits[index], let low = digits[index + 1] else { return nil }
      bytes.append(UInt8(high << 4 | low))
    }
    return bytes
  }

  /// Undoes what ``KeyName/text`` does to bytes that cannot be printed.
  private static func unescaped(_ text: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = text[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), let next = rest.first {
        if next == UInt8(ascii: "\\") {
          rest.removeFirst()
        } else if next == UInt8(ascii: "x"),
          let value = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
        {
          bytes.append(value)
          rest = rest.dropFirst(3)
          continue
        }
      }
      bytes.append(byte)
    }
    return bytes
  }
}
