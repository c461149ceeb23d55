/// Finds where one RESP2 reply ends, without making a value of it; goes on where it stopped when more bytes have come.
struct RESPExtent {
  private let limits: RESPLimits
  /// Bytes of the reply that are understood.
  private var position = 0
  /// Bytes after `position` in which no line ends.
  private var searched = 0
  /// Members that are missing of each open array.
  private var missing: [Int] = []
  private var charged = 0

  init(limits: RESPLimits) { self.limits = limits }

  /// - Parameter bytes: from the reply's start on; what an earlier call was given, and more.
  /// - Returns: The reply's length; nil where it is not all there.
  /// - Throws: ``RESPParser/Violation``.
  mutating func advance(_ bytes: UnsafeRawBufferPointer) throws -> Int? {
    while true {
      guard let end = try lineEnd(bytes) else { return nil }
      let kind = bytes[position]
      var next = end + 2
      switch kind {
      case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ":"): break
      case UInt8(ascii: "$"):
        let length = try RESPExtent.length(bytes, position + 1, end)
        if length >= 0 {
          guard length <= limits.replyBytes - charged else {
            throw RESPParser.Violation(detail: "a reply of more than \(limits.replyBytes) bytes")
          }
          next += length + 2
          guard next <= bytes.count else { return nil }
          guard bytes[next - 2] == 0x0D, bytes[next - 1] == 0x0A else {
            throw RESPParser.Violation(detail: "a string that does not end where its length says")
          }
          charged += length
        }
      case UInt8(ascii: "*"):
        let count = try RESPExtent.length(bytes, position + 1, end)
        if count > 0 {
          guard missing.count < limits.depth, count <= limits.replyBytes / 32 else {
            throw RESPParser.Violation(detail: "an array beyond the limits")
          }
          position = next
          searched = 0
          missing.append(count)
          continue
        }
      default: throw RESPParser.Violation(detail: "a reply starts with byte \(kind), which no RESP2 type does")
      }
      position = next
      searched = 0
      charged += 32
      guard charged <= limits.replyBytes else {
        throw RESPParser.Violation(detail: "a reply of more than \(limits.replyBytes) bytes")
      }
      while let last = missing.popLast() {
        guard last > 1 else { continue }
        missing.append(last - 1)
        break
      }
      guard missing.isEmpty else { continue }
      defer {
        position = 0
        charged = 0
      }
      return position
    }
  }

  private mutating func lineEnd(_ bytes: UnsafeRawBufferPointer) throws -> Int? {
    var index = position + searched
    while index + 1 < bytes.count {
      if bytes[index] == 0x0D, bytes[index + 1] == 0x0A {
        guard index > position else { throw RESPParser.Violation(detail: "an empty line where a reply should start") }
        guard index - position <= limits.lineBytes else { throw longLine }
        return index
      }
      index += 1
    }
    searched = max(0, bytes.count - 1 - position)
    guard searched <= limits.lineBytes else { throw longLine }
    return nil
  }

  private var longLine: RESPParser.Violation {
    RESPParser.Violation(detail: "a line of more than \(limits.lineBytes) bytes")
  }

  /// A length or count, −1 included.
  private static func length(_ bytes: UnsafeRawBufferPointer, _ first: Int, _ end: Int) throws -> Int {
    if end - first == 2, bytes[first] == UInt8(ascii: "-"), bytes[first + 1] == UInt8(ascii: "1") { return -1 }
    guard end > first, end - first <= 12 else { throw RESPParser.Violation(detail: "a length that is none") }
    var value = 0
    for index in first..<end {
      guard (0x30...0x39).contains(bytes[index]) else { throw RESPParser.Violation(detail: "a length that is none") }
      value = value * 10 + Int(bytes[index] - 0x30)
    }
    return value
  }
}
