internal import DrillModel

/// JSON as a server gives it, as a typed answer: an object's members in no order, all else as it stands.
///
/// A whole number is an integer, any other number a real, as RFC 8259 (section 6) lets them be told apart by their form;
/// strings are blobs, so that nothing else equals one. Truth and falsehood, and whole numbers beyond 64 bits, are text.
struct JSONText {
  private static let depthLimit = 512
  private let bytes: [UInt8]
  private var place = 0

  /// Nil where the bytes are not one JSON value.
  static func answer(_ bytes: [UInt8]) -> Answer? {
    var text = JSONText(bytes: bytes)
    guard let value = text.value(depth: 0) else { return nil }
    text.skipSpace()
    return text.place == bytes.count ? value : nil
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

  private mutating func skipSpace() {
    while let byte = next, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { place += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    place += 1
    return true
  }

  private mutating func take(_ word: String) -> Bool {
    guard bytes[place...].starts(with: word.utf8) else { return false }
    place += word.utf8.count
    return true
  }

  private mutating func value(depth: Int) -> Answer? {
    guard depth < JSONText.depthLimit else { return nil }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return members(until: "}") { $0.member(depth: depth) }.map { .unordered($0) }
    case UInt8(ascii: "["): return members(until: "]") { $0.value(depth: depth + 1) }.map { .array($0) }
    case UInt8(ascii: "\""): return string().map { .blob($0) }
    case UInt8(ascii: "t"): return take("true") ? .text(Array("true".utf8)) : nil
    case UInt8(ascii: "f"): return take("false") ? .text(Array("false".utf8)) : nil
    case UInt8(ascii: "n"): return take("null") ? .null : nil
    default: return number()
    }
  }

  private mutating func member(depth: Int) -> Answer? {
    skipSpace()
    guard let name = string() else { return nil }
    skipSpace()
    guard take(":"), let value = value(depth: depth + 1) else { return nil }
    return .array([.blob(name), value])
  }

  private mutating func members(
    until end: Unicode.Scalar, _ read: (inout JSONText) -> Answer?
  ) -> [Answer]? {
    place += 1
    var members: [Answer] = []
    skipSpace()
    if take(end) { return members }
    while let member = read(&self) {
      members.append(member)
      skipSpace()
      if take(end) { return members }
      guard take(",") else { return nil }
    }
    return nil
  }

  private mutating func number() -> Answer? {
    let start = place
    while let byte = next, (0x30...0x39).contains(byte) || "+-.eE".utf8.contains(byte) { place += 1 }
    let digits = bytes[start..<place]
    let text = String(decoding: digits, as: UTF8.self)
    guard let last = digits.last, (0x30...0x39).contains(last), digits.first != UInt8(ascii: "+") else { return nil }
    guard digits.contains(where: { ".eE".utf8.contains($0) }) else {
      let whole = digits.first == UInt8(ascii: "-") ? digits.dropFirst() : digits
      guard !whole.isEmpty, whole.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
      return Int64(text).map { .integer($0) } ?? .text(Array(digits))
    }
    return Double(text).map { .real($0) }
  }

  private mutating func string() -> [UInt8]? {
    guard take("\"") else { return nil }
    var text: [UInt8] = []
    while let byte = next {
      place += 1
      switch byte {
      case UInt8(ascii: "\""): return text
      case UInt8(ascii: "\\"):
        guard let escaped = escape() else { return nil }
        text += escaped
      default: text.append(byte)
      }
    }
    return nil
  }

  private mutating func escape() -> [UInt8]? {
    guard let byte = next else { return nil }
    place += 1
    switch byte {
    case UInt8(ascii: "n"): return [0x0a]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "r"): return [0x0d]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0c]
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "u"):
      guard let first = unit() else { return nil }
      guard (0xd800...0xdbff).contains(first) else { return Unicode.Scalar(first).map { Array(String($0).utf8) } }
      guard take("\\"), take("u"), let second = unit(), (0xdc00...0xdfff).contains(second) else { return nil }
      let scalar = 0x10000 + (UInt32(first) - 0xd800) << 10 + (UInt32(second) - 0xdc00)
      return Unicode.Scalar(scalar).map { Array(String($0).utf8) }
    default: return nil
    }
  }

  private mutating func unit() -> UInt16? {
    guard place + 4 <= bytes.count else { return nil }
    defer { place += 4 }
    let digits = bytes[place..<place + 4]
    guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
    return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
  }
}
