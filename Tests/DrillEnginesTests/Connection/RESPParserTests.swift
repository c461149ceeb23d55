import Testing

@testable import DrillEngines

@Suite("Replies of a Redis server")
struct RESPParserTests {
  static let stream =
    "+OK\r\n-ERR no such thing\r\n:-42\r\n:9223372036854775807\r\n$5\r\nhe\r\no\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n"
    + "*3\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n+x\r\n$3\r\nend\r\n"
  static let values: [RESPValue] = [
    .simple("OK"), .error("ERR no such thing"), .integer(-42), .integer(.max), .bulk(Array("he\r\no".utf8)), .bulk([]),
    .null, .null,
    .array([]), .array([.integer(1), .array([.bulk([0x61]), .null]), .simple("x")]), .bulk(Array("end".utf8)),
  ]

  /// Feeds `chunks` as a connection does: what was not used up comes again, first.
  static func parse(_ chunks: [[UInt8]], limits: RESPLimits = RESPLimits()) throws -> [RESPValue] {
    var parser = RESPParser(limits: limits)
    var rest: [UInt8] = []
    var values: [RESPValue] = []
    for chunk in chunks {
      rest += chunk
      let used = try rest.withUnsafeBytes { try parser.feed($0) { values.append($0) } }
      rest.removeFirst(used)
    }
    return values
  }

  @Test("every type is read, wherever the bytes are cut")
  func everySplit() throws {
    let bytes = Array(Self.stream.utf8)
    #expect(try Self.parse([bytes]) == Self.values)
    for cut in 0...bytes.count {
      #expect(try Self.parse([Array(bytes[..<cut]), Array(bytes[cut...])]) == Self.values, "cut at \(cut)")
    }
    #expect(try Self.parse(bytes.map { [$0] }) == Self.values)
  }

  @Test("a truncated stream hands on the replies before the cut and no other")
  func truncation() throws {
    let bytes = Array(Self.stream.utf8)
    for cut in 0..<bytes.count {
      let values = try Self.parse([Array(bytes[..<cut])])
      #expect(values.count < Self.values.count)
      #expect(values == Array(Self.values[..<values.count]))
    }
  }

  @Test("a flipped bit is a violation or another value, never a crash")
  func flips() {
    let bytes = Array(Self.stream.utf8)
    for index in bytes.indices {
      for bit in 0..<8 {
        var flipped = bytes
        flipped[index] ^= 1 << UInt8(bit)
        if let values = try? Self.parse([flipped]) { #expect(values != Self.values, "byte \(index) bit \(bit)") }
      }
    }
  }

  @Test(
    "what is beyond the limits is refused before it is held",
    arguments: [
      "$1001\r\n", "*1000000000\r\n", "*9223372036854775807\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n", "$-2\r\n", "*-2\r\n",
      ":99999999999999999999\r\n",
      ":-\r\n", ":\r\n", "\r\n", "?x\r\n", "$2\r\nabcd", "+" + String(repeating: "x", count: 200),
    ])
  func limits(text: String) {
    let limits = RESPLimits(replyBytes: 1000, depth: 3, lineBytes: 100)
    #expect(throws: RESPParser.Violation.self) { try Self.parse([Array(text.utf8)], limits: limits) }
  }

  @Test("what is within the limits is read")
  func withinLimits() throws {
    let limits = RESPLimits(replyBytes: 1000, depth: 3, lineBytes: 100)
    let text = "*1\r\n*1\r\n*1\r\n$4\r\nabcd\r\n$900\r\n" + String(repeating: "x", count: 900) + "\r\n"
    let values = try Self.parse([Array(text.utf8), Array(text.utf8)], limits: limits)
    #expect(values.count == 4)
    #expect(values[0] == .array([.array([.array([.bulk(Array("abcd".utf8))])])]))
  }
}
