/// One reply of RESP2 or RESP3 as its bytes, and where its parts lie in them.
///
/// Source: Redis documentation, "Redis serialization protocol specification".
struct RESPReply {
  private var bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// A command's name in upper case, and its first argument.
  struct Command: Hashable, Sendable {
    var name: String
    var key: [UInt8]
  }

  /// Where the reply that begins at `start` ends; nil where it is not all there.
  static func end(of bytes: [UInt8], from start: Int) -> Int? {
    guard let line = lineEnd(bytes, start) else { return nil }
    switch bytes[start] {
    case UInt8(ascii: "$"), UInt8(ascii: "="), UInt8(ascii: "!"):
      let length = number(bytes[(start + 1)..<line])
      guard length >= 0 else { return line + 2 }
      return line + 2 + length + 2 <= bytes.count ? line + 2 + length + 2 : nil
    default:
      guard let width = width(bytes[start]) else { return line + 2 }
      var place = line + 2
      for _ in 0..<max(0, number(bytes[(start + 1)..<line])) * width {
        guard place < bytes.count, let next = end(of: bytes, from: place) else { return nil }
        place = next
      }
      return place
    }
  }

  /// How many values one counted member of an array, a set, a push or a map has; nil of what has none.
  private static func width(_ type: UInt8) -> Int? {
    switch type {
    case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"): 1
    case UInt8(ascii: "%"): 2
    default: nil
    }
  }

  /// The command that begins at `start`, an array of strings, with its end; nil where it is not all there.
  static func command(of bytes: [UInt8], from start: Int) -> (Command, end: Int)? {
    guard let end = end(of: bytes, from: start) else { return nil }
    let members = RESPReply(Array(bytes[start..<end])).members
    let words = members.prefix(2).map { member in
      let line = lineEnd(bytes, start + member.lowerBound) ?? start
      return Array(bytes[(line + 2)..<max(line + 2, start + member.upperBound - 2)])
    }
    let name = words.first.map { String(decoding: $0, as: UTF8.self).uppercased() } ?? ""
    return (Command(name: name, key: words.count > 1 ? words[1] : []), end)
  }

  /// Ranges of the values in an array, a set or a map; empty where it is none.
  private var members: [Range<Int>] {
    guard let type = bytes.first, RESPReply.width(type) != nil, let line = RESPReply.lineEnd(bytes, 0) else {
      return []
    }
    var place = line + 2
    var ranges: [Range<Int>] = []
    while place < bytes.count, let end = RESPReply.end(of: bytes, from: place) {
      ranges.append(place..<end)
      place = end
    }
    return ranges
  }

  /// The last byte of the first string that has one, or the last digit of the first number, is another one; nil: it has neither.
  func lying() -> [UInt8]? { RESPReply.lie(bytes, in: 0..<bytes.count) }

  func reversed() -> [UInt8]? {
    let parts = members.map { bytes[$0] }
    guard bytes.first == UInt8(ascii: "*"), parts.count > 1, let first = members.first else { return nil }
    let turned = Array(bytes[..<first.lowerBound]) + parts.reversed().joined()
    return turned == bytes ? nil : turned
  }

  func shortened() -> [UInt8]? {
    let parts = members.map { bytes[$0] }
    guard let type = bytes.first, let width = RESPReply.width(type), !parts.isEmpty else { return nil }
    return [type] + Array("\(parts.count / width - 1)\r\n".utf8) + parts.dropLast(width).joined()
  }

  private static func lie(_ bytes: [UInt8], in range: Range<Int>) -> [UInt8]? {
    guard let line = lineEnd(bytes, range.lowerBound) else { return nil }
    var changed = bytes
    switch bytes[range.lowerBound] {
    case UInt8(ascii: "$"):
      guard number(bytes[(range.lowerBound + 1)..<line]) > 0 else { return nil }
      changed[range.upperBound - 3] ^= 1
      return changed
    case UInt8(ascii: ":"):
      let digit = bytes[line - 1] - UInt8(ascii: "0")
      changed[line - 1] = UInt8(ascii: "0") + (digit + 1) % 10
      return changed
    case let type where width(type) != nil:
      var place = line + 2
      while place < range.upperBound, let end = end(of: bytes, from: place) {
        if let lied = lie(bytes, in: place..<end) { return lied }
        place = end
      }
      return nil
    default: return nil
    }
  }

  private static func lineEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
    var index = start
    while index + 1 < bytes.count {
      if bytes[index] == 0x0D, bytes[index + 1] == 0x0A { return index }
      index += 1
    }
    return nil
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int { Int(String(decoding: digits, as: UTF8.self)) ?? -1 }
}
