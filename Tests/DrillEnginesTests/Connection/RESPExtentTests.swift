import DrillCrypto
import DrillModel
import Testing

@testable import DrillEngines

@Suite("A reply's extent and digest")
struct RESPExtentTests {
  /// A reply of any shape, and its bytes.
  private func reply(_ generator: inout SeededGenerator, depth: Int = 0) -> (value: RESPValue, bytes: [UInt8]) {
    switch generator.index(below: depth < 3 ? 8 : 6) {
    case 0: return (.null, Array((generator.happens(0.5) ? "$-1\r\n" : "*-1\r\n").utf8))
    case 1:
      let number = Int64(bitPattern: generator.next())
      return (.integer(number), Array(":\(number)\r\n".utf8))
    case 2: return (.simple("OK \(depth)"), Array("+OK \(depth)\r\n".utf8))
    case 3 where depth > 0 || generator.happens(0.3): return (.error("WRONGTYPE x"), Array("-WRONGTYPE x\r\n".utf8))
    case 3, 4, 5:
      let bytes = (0..<generator.index(below: 300)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      return (.bulk(bytes), Array("$\(bytes.count)\r\n".utf8) + bytes + [0x0D, 0x0A])
    default:
      let members = (0..<generator.index(below: 9)).map { _ in reply(&generator, depth: depth + 1) }
      return (.array(members.map(\.value)), Array("*\(members.count)\r\n".utf8) + members.flatMap(\.bytes))
    }
  }

  private func expected(_ value: RESPValue, _ form: RedisAnswer.Form) -> RecordedAnswer {
    switch RedisAnswer.reply(value, form) {
    case .answered(let answer):
      RecordedAnswer(digest: SHA256.digest(answer.canonicalBytes), shape: answer.shape)
    case .indeterminate(let reason): RecordedAnswer(digest: nil, shape: reason)
    }
  }

  @Test("the digest taken from the bytes is that of the canonical answer, and its shape the same", arguments: 1...20)
  func digests(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var digester = RedisReplyDigester()
    for _ in 0..<300 {
      let (value, bytes) = reply(&generator)
      for form in [RedisAnswer.Form.plain, .unordered, .unorderedPairs, .real, .reals, .scored] {
        let found = try bytes.withUnsafeBytes { try digester.answer($0, form) }
        #expect(found == expected(value, form), "seed \(seed): \(value)")
      }
    }
  }

  @Test("digests that are written down stay what they are")
  func golden() throws {
    var digester = RedisReplyDigester()
    let replies: [(String, RedisAnswer.Form, String)] = [
      ("$3\r\nabc\r\n", .plain, "4 3 0 0 0 0 0 0 0 97 98 99"), (":-2\r\n", .plain, "1 254 255 255 255 255 255 255 255"),
      ("$-1\r\n", .plain, "0"), ("+OK\r\n", .plain, "3 2 0 0 0 0 0 0 0 79 75"),
      ("*2\r\n$1\r\nb\r\n:1\r\n", .plain, "5 2 0 0 0 0 0 0 0 4 1 0 0 0 0 0 0 0 98 1 1 0 0 0 0 0 0 0"),
      ("*2\r\n$1\r\nb\r\n$1\r\na\r\n", .unordered, "6 2 0 0 0 0 0 0 0 4 1 0 0 0 0 0 0 0 97 4 1 0 0 0 0 0 0 0 98"),
      ("-WRONGTYPE Operation\r\n", .plain, "7 3 9 0 0 0 0 0 0 0 87 82 79 78 71 84 89 80 69"),
    ]
    for (text, form, canonical) in replies {
      let digest = SHA256.digest(canonical.split(separator: " ").compactMap { UInt8($0) })
      let answer = try Array(text.utf8).withUnsafeBytes { try digester.answer($0, form) }
      #expect(answer.digest == digest, "\(text.debugDescription)")
    }
  }

  @Test("ends where the reply ends, wherever its bytes were cut before", arguments: 1...10)
  func everySplit(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let bytes = reply(&generator).bytes
    for cut in 0..<bytes.count {
      var extent = RESPExtent(limits: RESPLimits())
      let early = try bytes[..<cut].withUnsafeBytes { try extent.advance($0) }
      #expect(early == nil, "seed \(seed), cut at \(cut): a truncated reply is not whole")
      let whole = try (bytes + [0x2B]).withUnsafeBytes { try extent.advance($0) }
      #expect(whole == bytes.count, "seed \(seed), cut at \(cut)")
      let next = try Array("+OK\r\n".utf8).withUnsafeBytes { try extent.advance($0) }
      #expect(next == 5, "ready for the next reply")
    }
  }

  @Test("bytes that are flipped are refused or read, never a crash, and never past the end", arguments: 1...20)
  func flipped(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      var bytes = reply(&generator).bytes
      bytes[generator.index(below: bytes.count)] ^= UInt8(1 << generator.index(below: 8))
      var extent = RESPExtent(limits: RESPLimits(replyBytes: 1 << 20))
      var digester = RedisReplyDigester()
      do {
        guard let end = try bytes.withUnsafeBytes({ try extent.advance($0) }) else { continue }
        #expect(end <= bytes.count, "seed \(seed)")
        _ = try bytes[..<end].withUnsafeBytes { try digester.answer($0, .plain) }
      } catch {
        #expect(error is RESPParser.Violation, "seed \(seed): \(error)")
      }
    }
  }

  @Test("replies beyond the limits are refused before they are held")
  func limits() {
    func advance(_ text: String) throws -> Int? {
      var extent = RESPExtent(limits: RESPLimits(replyBytes: 1000, depth: 2, lineBytes: 10))
      return try Array(text.utf8).withUnsafeBytes { try extent.advance($0) }
    }
    for text in [
      "$1001\r\n", "*32\r\n", "*1\r\n*1\r\n*1\r\n", "+a line without an end", "?\r\n", "\r\n", "$-2\r\n", "$x\r\n",
      "$2\r\nabcd",
    ] {
      #expect(throws: RESPParser.Violation.self, "\(text)") { try advance(text) }
    }
  }
}
