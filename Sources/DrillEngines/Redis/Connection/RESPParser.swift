/// Reads RESP2 and RESP3 replies as their bytes arrive, looking at no byte twice and holding no more than its limits
/// allow.
///
/// What RESP3 tells apart is handed on as the same server says it over RESP2: a map as names and values in turn, a set
/// as an array, a double and a big number as their text, a boolean as 1 or 0, a verbatim string without its format. So
/// an answer is the same whatever was spoken. What a server pushes unasked, and attributes, are read and dropped.
///
/// Bulk strings go into their own array as they come; so what is left over between two calls is at most the beginning
/// of a line.
///
/// Source: Redis documentation, "Redis serialization protocol specification"; redis 7.0 src/networking.c, `addReplyMapLen`
/// and its neighbours, each with what it says to a client of RESP2.
struct RESPParser {
  /// The bytes are neither, or they are more than the limits allow; nothing after them can be read.
  struct Violation: Error {
    var detail: String
  }

  private struct OpenArray {
    var missing: Int
    var members: [RESPValue]
    var purpose = Purpose.value
  }

  private enum Purpose {
    case value
    /// Stands before the value that it is about, and is no value itself.
    case attribute
    /// Comes unasked, between replies.
    case push
  }

  private enum Bulk {
    case string
    /// Three letters and a colon, then the string.
    case verbatim
    case error
  }

  private let limits: RESPLimits
  private var openArrays: [OpenArray] = []
  /// A bulk string whose bytes are not all there, and how many are missing with its CR and LF.
  private var openBulk: [UInt8] = []
  private var missingBulk = 0
  private var bulk = Bulk.string
  /// Bytes at the start of the next feed in which no line ends, as is known from the feed before.
  private var searched = 0
  private var replyBytes = 0

  private let skipsLineBreaks: Bool

  /// - Parameter skipsLineBreaks: whether line breaks may stand between values, as they do in a replication stream to
  ///   keep it alive.
  init(limits: RESPLimits = RESPLimits(), skipsLineBreaks: Bool = false) {
    self.limits = limits
    self.skipsLineBreaks = skipsLineBreaks
  }

  /// Reads as many replies as are there and hands each to `handler`.
  ///
  /// Returns how many bytes were used up; the caller feeds the rest again, first, when more have come.
  mutating func feed(_ bytes: UnsafeRawBufferPointer, _ handler: (RESPValue) throws -> Void) throws -> Int {
    var position = 0
    while position < bytes.count {
      if missingBulk > 0 {
        try continueBulk(bytes, &position, handler)
        continue
      }
      if skipsLineBreaks, bytes[position] == 0x0A, openArrays.isEmpty {
        position += 1
        continue
      }
      guard let end = try lineEnd(bytes, from: position) else { return position }
      let line = UnsafeRawBufferPointer(rebasing: bytes[position + 1..<end])
      let kind = bytes[position]
      position = end + 2
      try charge(line.count)
      switch kind {
      case UInt8(ascii: "+"): try complete(.simple(String(decoding: line, as: UTF8.self)), handler)
      case UInt8(ascii: "-"): try complete(.error(String(decoding: line, as: UTF8.self)), handler)
      case UInt8(ascii: ":"): try complete(.integer(try RESPParser.integer(line)), handler)
      case UInt8(ascii: "$"): try beginBulk(.string, try RESPParser.integer(line), bytes, &position, handler)
      case UInt8(ascii: "*"): try beginArray(try RESPParser.integer(line), handler)
      default:
        // A replication stream is RESP2.
        guard !skipsLineBreaks else { throw unknown(kind) }
        try takeRESP3(kind, line, bytes, &position, handler)
      }
    }
    return position
  }

  private func unknown(_ kind: UInt8) -> Violation {
    Violation(detail: "a reply starts with byte \(kind), which no type does")
  }

  private mutating func takeRESP3(
    _ kind: UInt8, _ line: UnsafeRawBufferPointer, _ bytes: UnsafeRawBufferPointer, _ position: inout Int,
    _ handler: (RESPValue) throws -> Void
  ) throws {
    switch kind {
    case UInt8(ascii: "_"):
      guard line.isEmpty else { throw Violation(detail: "a null with a value") }
      try complete(.null, handler)
    case UInt8(ascii: "#"):
      guard line.count == 1, let letter = line.first, letter == UInt8(ascii: "t") || letter == UInt8(ascii: "f") else {
        throw Violation(detail: "a boolean that is neither t nor f")
      }
      try complete(.integer(letter == UInt8(ascii: "t") ? 1 : 0), handler)
    case UInt8(ascii: ","):
      let text = [UInt8](line)
      guard RedisScore.value(text) != nil else { throw Violation(detail: "a double that is no number") }
      try complete(.bulk(text), handler)
    case UInt8(ascii: "("):
      let digits = line.first == UInt8(ascii: "-") ? line.dropFirst() : line[...]
      guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
        throw Violation(detail: "a big number with a byte that is no digit")
      }
      try complete(.bulk([UInt8](line)), handler)
    case UInt8(ascii: "="): try beginBulk(.verbatim, try RESPParser.integer(line), bytes, &position, handler)
    case UInt8(ascii: "!"): try beginBulk(.error, try RESPParser.integer(line), bytes, &position, handler)
    case UInt8(ascii: "~"): try beginArray(try RESPParser.integer(line), handler)
    case UInt8(ascii: "%"): try beginArray(try pairs(line), handler)
    case UInt8(ascii: "|"):
      let count = try pairs(line)
      // An attribute without anything in it says nothing.
      if count > 0 { try beginArray(count, as: .attribute, handler) }
    case UInt8(ascii: ">"):
      guard openArrays.isEmpty else { throw Violation(detail: "something pushed in the middle of a reply") }
      let count = try RESPParser.integer(line)
      if count > 0 { try beginArray(count, as: .push, handler) } else { replyBytes = 0 }
    default: throw unknown(kind)
    }
  }

  /// Twice the number of a map's entries.
  private func pairs(_ line: UnsafeRawBufferPointer) throws -> Int64 {
    let count = try RESPParser.integer(line)
    guard count >= 0, count <= limits.replyBytes / 64 else {
      throw Violation(detail: "a map of \(count) entries is beyond the limit")
    }
    return count * 2
  }

  private mutating func lineEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) throws -> Int? {
    var index = start + searched
    while index + 1 < bytes.count {
      if bytes[index] == 0x0D && bytes[index + 1] == 0x0A {
        guard index > start else { throw Violation(detail: "an empty line where a reply should start") }
        guard index - start <= limits.lineBytes else { throw longLine }
        searched = 0
        return index
      }
      index += 1
    }
    searched = max(0, bytes.count - 1 - start)
    guard searched <= limits.lineBytes else { throw longLine }
    return nil
  }

  private var longLine: Violation { Violation(detail: "a line of more than \(limits.lineBytes) bytes") }

  static func integer(_ digits: UnsafeRawBufferPointer) throws -> Int64 {
    let isNegative = digits.first == UInt8(ascii: "-")
    guard digits.count > (isNegative ? 1 : 0) else { throw Violation(detail: "a number without digits") }
    var value: Int64 = 0
    for digit in digits.dropFirst(isNegative ? 1 : 0) {
      guard (0x30...0x39).contains(digit) else { throw Violation(detail: "a number with a byte that is no digit") }
      let (tens, tensOverflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, sumOverflow) = tens.subtractingReportingOverflow(Int64(digit - 0x30))
      guard !tensOverflow, !sumOverflow else { throw Violation(detail: "a number beyond 64 bits") }
      value = sum
    }
    guard !isNegative else { return value }
    guard value != .min else { throw Violation(detail: "a number beyond 64 bits") }
    return -value
  }

  private mutating func beginBulk(
    _ kind: Bulk, _ length: Int64, _ bytes: UnsafeRawBufferPointer, _ position: inout Int,
    _ handler: (RESPValue) throws -> Void
  ) throws {
    bulk = kind
    guard length >= 0 else {
      guard length == -1, kind == .string else { throw Violation(detail: "a string of negative length") }
      return try complete(.null, handler)
    }
    guard length <= limits.replyBytes else {
      throw Violation(detail: "a string of \(length) bytes is beyond the limit")
    }
    try charge(Int(length))
    let count = Int(length)
    guard bytes.count - position >= count + 2 else {
      missingBulk = count + 2
      return
    }
    let value = [UInt8](UnsafeRawBufferPointer(rebasing: bytes[position..<position + count]))
    guard bytes[position + count] == 0x0D, bytes[position + count + 1] == 0x0A else {
      throw Violation(detail: "a string that does not end where its length says")
    }
    position += count + 2
    try complete(try bulkValue(value), handler)
  }

  private func bulkValue(_ bytes: [UInt8]) throws -> RESPValue {
    switch bulk {
    case .string: return .bulk(bytes)
    case .error: return .error(String(decoding: bytes, as: UTF8.self))
    case .verbatim:
      guard bytes.count >= 4, bytes[3] == UInt8(ascii: ":") else {
        throw Violation(detail: "a verbatim string that does not name its format")
      }
      return .bulk(Array(bytes.dropFirst(4)))
    }
  }

  private mutating func continueBulk(
    _ bytes: UnsafeRawBufferPointer, _ position: inout Int, _ handler: (RESPValue) throws -> Void
  ) throws {
    let count = min(missingBulk, bytes.count - position)
    openBulk.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[position..<position + count]))
    position += count
    missingBulk -= count
    guard missingBulk == 0 else { return }
    guard openBulk.suffix(2).elementsEqual([0x0D, 0x0A]) else {
      throw Violation(detail: "a string that does not end where its length says")
    }
    var value: [UInt8] = []
    swap(&value, &openBulk)
    value.removeLast(2)
    try complete(try bulkValue(value), handler)
  }

  private mutating func beginArray(
    _ count: Int64, as purpose: Purpose = .value, _ handler: (RESPValue) throws -> Void
  ) throws {
    guard count > 0 else {
      guard count >= -1 else { throw Violation(detail: "an array of negative length") }
      return try complete(count == 0 ? .array([]) : .null, handler)
    }
    guard openArrays.count < limits.depth else { throw Violation(detail: "arrays nested deeper than \(limits.depth)") }
    guard count <= limits.replyBytes / 32 else {
      throw Violation(detail: "an array of \(count) members is beyond the limit")
    }
    var members: [RESPValue] = []
    // The server's count is only a claim: room grows with what really comes.
    members.reserveCapacity(Int(min(count, 1024)))
    openArrays.append(OpenArray(missing: Int(count), members: members, purpose: purpose))
  }

  private mutating func complete(_ value: RESPValue, _ handler: (RESPValue) throws -> Void) throws {
    var value = value
    while !openArrays.isEmpty {
      try charge(32)
      let top = openArrays.count - 1
      openArrays[top].members.append(value)
      openArrays[top].missing -= 1
      guard openArrays[top].missing == 0 else { return }
      let closed = openArrays.removeLast()
      switch closed.purpose {
      case .value: value = .array(closed.members)
      case .attribute: return
      case .push:
        replyBytes = 0
        return
      }
    }
    replyBytes = 0
    try handler(value)
  }

  private mutating func charge(_ bytes: Int) throws {
    replyBytes += bytes
    guard replyBytes <= limits.replyBytes else {
      throw Violation(detail: "a reply of more than \(limits.replyBytes) bytes")
    }
  }
}
