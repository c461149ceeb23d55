/// A JSON text read strictly: no duplicate names, bounded depth, valid UTF-8, nothing after the end.
///
/// Foundation's decoder takes the last of two equal names in silence and goes as deep as the stack; what is signed
/// must not have two readings.
/// Source: RFC 8259.
public indirect enum JSONText: Hashable, Sendable {
  case null
  case bool(Bool)
  /// As written.
  case number(String)
  case string(String)
  case array([JSONText])
  case object([String: JSONText])

  /// Why a text was refused, and at which byte.
  public struct Refusal: Error, Hashable, Sendable {
    public let reason: String
    public let offset: Int
  }

  public static let depthLimit = 32
  /// Each takes some 60 bytes of memory, and as few as 2 of text.
  public static let valueLimit = 4_000_000

  /// - Throws: ``Refusal``.
  public init(
    parsing bytes: [UInt8], depthLimit: Int = JSONText.depthLimit, valueLimit: Int = JSONText.valueLimit
  )
    throws(Refusal)
  {
    var parser = Parser(bytes: bytes, depthLimit: depthLimit, valuesLeft: valueLimit)
    self = try parser.document()
  }

  /// The value of a member of an object; nil where there is none or where this is no object.
  public subscript(_ name: String) -> JSONText? {
    guard case .object(let members) = self else { return nil }
    return members[name]
  }

  public var string: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  public var array: [JSONText]? {
    guard case .array(let members) = self else { return nil }
    return members
  }

  /// The path of the first name in this text that `known` does not have at the same place; nil where there is none.
  func firstUnknownName(comparedWith known: JSONText, path: String = "") -> String? {
    switch (self, known) {
    case (.object(let mine), .object(let theirs)):
      for name in mine.keys.sorted() {
        guard let value = mine[name], let other = theirs[name] else { return path + "/" + name }
        if let found = value.firstUnknownName(comparedWith: other, path: path + "/" + name) { return found }
      }
      return nil
    case (.array(let mine), .array(let theirs)):
      for (index, value) in mine.enumerated() {
        guard index < theirs.count else { return "\(path)/\(index)" }
        if let found = value.firstUnknownName(comparedWith: theirs[index], path: "\(path)/\(index)") { return found }
      }
      return nil
    case (.object, _), (.array, _): return path
    default: return nil
    }
  }
}

extension JSONText {
  private struct Parser {
    let bytes: [UInt8]
    let depthLimit: Int
    var valuesLeft: Int
    var position = 0

    mutating func document() throws(Refusal) -> JSONText {
      let value = try value(depth: 0)
      skipSpace()
      guard position == bytes.count else { throw refusal("something follows the end") }
      return value
    }

    private func refusal(_ reason: String) -> Refusal { Refusal(reason: reason, offset: position) }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
      while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
      skipSpace()
      guard next == byte else { return false }
      position += 1
      return true
    }

    private mutating func value(depth: Int) throws(Refusal) -> JSONText {
      guard depth <= depthLimit else { throw refusal("nested deeper than \(depthLimit)") }
      guard valuesLeft > 0 else { throw refusal("more values than are read") }
      valuesLeft -= 1
      skipSpace()
      switch next {
      case UInt8(ascii: "{"): return try object(depth: depth)
      case UInt8(ascii: "["): return try array(depth: depth)
      case UInt8(ascii: "\""): return .string(try string())
      case UInt8(ascii: "t"): return try word("true", .bool(true))
      case UInt8(ascii: "f"): return try word("false", .bool(false))
      case UInt8(ascii: "n"): return try word("null", .null)
      case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return .number(try number())
      case nil: throw refusal("the text ends early")
      default: throw refusal("not a JSON value")
      }
    }

    private mutating func object(depth: Int) throws(Refusal) -> JSONText {
      position += 1
      var members: [String: JSONText] = [:]
      if take(UInt8(ascii: "}")) { return .object(members) }
      repeat {
        skipSpace()
        guard next == UInt8(ascii: "\"") else { throw refusal("a name was expected") }
        let name = try string()
        guard take(UInt8(ascii: ":")) else { throw refusal("`:` was expected") }
        guard members.updateValue(try value(depth: depth + 1), forKey: name) == nil else {
          throw refusal("the name “\(name)” stands there twice")
        }
      } while take(UInt8(ascii: ","))
      guard take(UInt8(ascii: "}")) else { throw refusal("`,` or `}` was expected") }
      return .object(members)
    }

    private mutating func array(depth: Int) throws(Refusal) -> JSONText {
      position += 1
      var members: [JSONText] = []
      if take(UInt8(ascii: "]")) { return .array(members) }
      repeat { members.append(try value(depth: depth + 1)) } while take(UInt8(ascii: ","))
      guard take(UInt8(ascii: "]")) else { throw refusal("`,` or `]` was expected") }
      return .array(members)
    }

    private mutating func word(_ word: String, _ value: JSONText) throws(Refusal) -> JSONText {
      guard bytes[position...].starts(with: word.utf8) else { throw refusal("not a JSON value") }
      position += word.utf8.count
      return value
    }

    private mutating func digits() throws(Refusal) {
      let start = position
      while let byte = next, byte >= 0x30, byte <= 0x39 { position += 1 }
      guard position > start else { throw refusal("a digit was expected") }
    }

    private mutating func number() throws(Refusal) -> String {
      let start = position
      if next == UInt8(ascii: "-") { position += 1 }
      if next == UInt8(ascii: "0") { position += 1 } else { try digits() }
      if next == UInt8(ascii: ".") {
        position += 1
        try digits()
      }
      if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
        position += 1
        if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
        try digits()
      }
      return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func string() throws(Refusal) -> String {
      position += 1
      var text: [UInt8] = []
      while true {
        guard let byte = next else { throw refusal("a string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""):
          guard let string = String(validating: text, as: UTF8.self) else { throw refusal("not UTF-8") }
          return string
        case UInt8(ascii: "\\"): text.append(contentsOf: String(try escape()).utf8)
        case 0..<0x20: throw refusal("a control character in a string")
        default: text.append(byte)
        }
      }
    }

    private mutating func escape() throws(Refusal) -> Unicode.Scalar {
      guard let byte = next else { throw refusal("a string does not end") }
      position += 1
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
      case UInt8(ascii: "b"): return "\u{8}"
      case UInt8(ascii: "f"): return "\u{c}"
      case UInt8(ascii: "n"): return "\n"
      case UInt8(ascii: "r"): return "\r"
      case UInt8(ascii: "t"): return "\t"
      case UInt8(ascii: "u"): return try unicodeEscape()
      default: throw refusal("an unknown escape")
      }
    }

    private mutating func unicodeEscape() throws(Refusal) -> Unicode.Scalar {
      let high = try hexUnit()
      if let scalar = Unicode.Scalar(high) { return scalar }
      guard high < 0xDC00, next == UInt8(ascii: "\\") else { throw refusal("half a surrogate pair") }
      position += 1
      guard next == UInt8(ascii: "u") else { throw refusal("half a surrogate pair") }
      position += 1
      let low = try hexUnit()
      guard (0xDC00...0xDFFF).contains(low),
        let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
      else { throw refusal("half a surrogate pair") }
      return scalar
    }

    private mutating func hexUnit() throws(Refusal) -> UInt32 {
      var value: UInt32 = 0
      for _ in 0..<4 {
        guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
          throw refusal("four hexadecimal digits were expected")
        }
        value = value << 4 | UInt32(digit)
        position += 1
      }
      return value
    }
  }
}
