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

  static let streams = [(stream, values), (RESP3ParserTests.stream, RESP3ParserTests.values)]

  @Test("every type is read, wherever the bytes are cut", arguments: streams)
  func everySplit(_ stream: String, _ expected: [RESPValue]) throws {
    let bytes = Array(stream.utf8)
    #expect(try Self.parse([bytes]) == expected)
    for cut in 0...bytes.count {
      #expect(try Self.parse([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected, "cut at \(cut)")
    }
    #expect(try Self.parse(bytes.map { [$0] }) == expected)
  }

  @Test("a truncated stream hands on the replies before the cut and no other", arguments: streams)
  func truncation(_ stream: String, _ expected: [RESPValue]) throws {
    let bytes = Array(stream.utf8)
    for cut in 0..<bytes.count {
      let values = try Self.parse([Array(bytes[..<cut])])
      #expect(values.count < expected.count)
      #expect(values == Array(expected[..<values.count]))
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
      "+" + String(repeating: "x", count: 200) + "\r\n",
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

@Suite("Replies of a server that speaks RESP3")
struct RESP3ParserTests {
  static let stream =
    "_\r\n,1.5\r\n,-inf\r\n,3e+100\r\n#t\r\n#f\r\n(3492890328409238509324850943850943825024385\r\n=8\r\ntxt:a\r\nb\r\n"
    + "!9\r\nERR a\r\n b\r\n%2\r\n+a\r\n:1\r\n$1\r\nb\r\n~2\r\n:2\r\n,0.1\r\n~0\r\n%0\r\n"
    + "|1\r\n+ttl\r\n:5\r\n*2\r\n|1\r\n+x\r\n*1\r\n:9\r\n:1\r\n:2\r\n>2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n>0\r\n|0\r\n+end\r\n"
  /// As RESP2 says the same; what was pushed and the attributes are in none of them.
  static let values: [RESPValue] = [
    .null, .bulk(Array("1.5".utf8)), .bulk(Array("-inf".utf8)), .bulk(Array("3e+100".utf8)), .integer(1), .integer(0),
    .bulk(Array("3492890328409238509324850943850943825024385".utf8)), .bulk(Array("a\r\nb".utf8)),
    .error("ERR a\r\n b"),
    .array([.simple("a"), .integer(1), .bulk([0x62]), .array([.integer(2), .bulk(Array("0.1".utf8))])]), .array([]),
    .array([]), .array([.integer(1), .integer(2)]), .simple("end"),
  ]

  @Test("a flipped bit never crashes the reader")
  func flips() {
    let bytes = Array(Self.stream.utf8)
    for index in bytes.indices {
      for bit in 0..<8 {
        var flipped = bytes
        flipped[index] ^= 1 << UInt8(bit)
        let values = try? RESPParserTests.parse([flipped])
        #expect((values?.count ?? 0) <= bytes.count)
      }
    }
  }

  @Test(
    "what is not of its type's form is a violation",
    arguments: [
      "_x\r\n", "#x\r\n", "#\r\n", ",one\r\n", "(12a\r\n", "(\r\n", "=3\r\ntxt\r\n", "=5\r\ntxt-a\r\n", "%-1\r\n",
      "|-1\r\n",
      "%99999999999\r\n", "*1\r\n>1\r\n:1\r\n", "!-1\r\n", "=-1\r\n", "^1\r\n",
    ])
  func violations(_ text: String) {
    #expect(throws: RESPParser.Violation.self) { try RESPParserTests.parse([Array(text.utf8)]) }
  }

  @Test("members and scores are the same in turn and pair by pair")
  func scores() {
    let flat = RESPValue.array([.bulk([1]), .integer(1), .bulk([2]), .integer(2)])
    let pairs = RESPValue.array([.array([.bulk([1]), .integer(1)]), .array([.bulk([2]), .integer(2)])])
    #expect(pairs.scoredMembers == flat.array && flat.scoredMembers == flat.array)
    #expect(RESPValue.array([]).scoredMembers == [])
    #expect(RESPValue.array([.array([.integer(1)])]).scoredMembers == nil)
    #expect(RESPValue.array([.array([.integer(1), .integer(2)]), .integer(1)]).scoredMembers == nil)
  }
}
