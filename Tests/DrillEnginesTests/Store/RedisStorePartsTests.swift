import DrillModel
import Testing

@testable import DrillEngines

@Suite("Parts of a Redis store")
struct RedisStorePartsTests {
  @Test("a set of what was seen tells new from old, and reads more than it holds in passes that share nothing")
  func seenSet() {
    #expect(SeenSet.passes(for: 0) == 1)
    #expect(SeenSet.passes(for: 100, capacity: 100) == 1)
    #expect(SeenSet.passes(for: 101, capacity: 100) == 2)
    let keys = (0..<20_000).map { Array("key:\($0)".utf8) }
    let passes = SeenSet.passes(for: UInt64(keys.count), capacity: 3000)
    var total = 0
    for pass in 0..<passes {
      var seen = SeenSet()
      for key in keys + keys.prefix(5000) {
        let hash = SeenSet.Hash(key)
        if hash.pass(of: passes) == pass, seen.insert(hash) { total += 1 }
      }
      #expect(seen.count < 3600, "a pass holds about its share")
    }
    #expect(passes == 7)
    #expect(total == keys.count)
  }

  @Test("a score reads back to the bits that the server keeps")
  func scores() {
    let cases: [(String, Double?)] = [
      ("0", 0), ("17", 17), ("-0.10000000000000001", -0.1), ("inf", .infinity), ("-inf", -.infinity),
      ("9007199254740993", 9_007_199_254_740_992),
      ("1.0000000000000001e+300", 1e300), ("4.9406564584124654e-324", .leastNonzeroMagnitude), ("", nil), ("1x", nil),
      ("x", nil),
    ]
    for (text, value) in cases { #expect(RedisScore.value(Array(text.utf8)) == value, "\(text)") }
    #expect(RedisScore.value(Array("-0".utf8))?.sign == .minus)
  }

  @Test("a record that is larger than a batch comes in pieces that add up")
  func pieces() throws {
    var batches: [RecordBatch] = []
    var writer = PieceWriter(namespace: "db0")
    writer.begin(Array("small".utf8), slot: Slot(1), kind: .string, expiry: 5)
    writer.body { $0.appendBlob([1]) }
    writer.end()
    writer.begin(Array("large".utf8), slot: Slot(2), kind: .set, expiry: RecordBatch.noExpiry)
    for number in 0..<300 {
      writer.element { $0.appendBlob([UInt8](repeating: UInt8(number & 255), count: 10_000)) }
      try writer.split { batches.append($0) }
    }
    writer.end()
    try writer.finish { batches.append($0) }
    let pieces = batches.flatMap(\.pieces)
    #expect(batches.count == 3)
    #expect(pieces.map(\.begins) == [true, true, false, false])
    #expect(pieces.map(\.ends) == [true, false, false, true])
    #expect(pieces.reduce(0) { $0 + Int($1.elementCount) } == 300)
    #expect(batches.allSatisfy { $0.bytes.count < PieceWriter.batchBytes + 20_000 })
    for batch in batches {
      for piece in batch.pieces where piece.kind == .set {
        #expect(batch.bytes[Int(piece.keyOffset)..<Int(piece.keyOffset + piece.keyCount)].elementsEqual("large".utf8))
        #expect(piece.bodyCount == 0)
      }
    }
  }

  @Test("a server that grows slow is asked less, and more again when it has recovered")
  func pacer() async {
    let pacer = ReadPacer(readsPerSecond: 1000)
    #expect(pacer.burst == 100)
    #expect(ReadPacer(readsPerSecond: nil).burst == .max)
    await pacer.observe(100, took: .milliseconds(1))
    #expect(await pacer.backOff == .zero)
    await pacer.observe(100, took: .milliseconds(500))
    let first = await pacer.backOff
    await pacer.observe(100, took: .milliseconds(500))
    let second = await pacer.backOff
    #expect(first > .zero)
    #expect(second > first)
    for _ in 0..<20 { await pacer.observe(100, took: .milliseconds(1)) }
    #expect(await pacer.backOff == .zero)
  }

  @Test(
    "reads sent one by one are not held against what each of a thousand took, nor held up for longer than they take")
  func pacingOfSingleReads() async {
    let pacer = ReadPacer(readsPerSecond: nil)
    await pacer.observe(1000, took: .milliseconds(1))
    for _ in 0..<100 { await pacer.observe(1, took: .milliseconds(1)) }
    #expect(await pacer.backOff == .zero)
    for _ in 0..<100 { await pacer.observe(1, took: .milliseconds(20)) }
    #expect(await pacer.backOff == .milliseconds(80))
  }

  @Test("errors that belong to the contents are answers, all others are not")
  func errors() {
    func reply(_ line: String) -> Reply { RedisAnswer.reply(.error(line), .plain) }
    #expect(reply("WRONGTYPE Operation against a key") == .answered(.error("WRONGTYPE")))
    #expect(reply("ERR value is not an integer") == .answered(.error("ERR")))
    for line in [
      "LOADING", "MOVED 1 h:1", "ASK 1 h:1", "CLUSTERDOWN", "OOM", "MASTERDOWN", "NOAUTH", "NOPERM", "BUSY",
    ] {
      #expect(reply(line) == .indeterminate(String(line.prefix { $0 != " " })))
    }
    #expect(reply("TRYAGAIN Multiple keys request during rehashing of slot") == .indeterminate(Reply.keysApart))
    #expect(reply("ERR unknown command 'PEXPIRETIME'") == .indeterminate("ERR"))
  }

  @Test("JSON is answered with its types: members in no order, all else as it stands; what is no JSON is no answer")
  func json() {
    func answer(_ text: String) -> Answer? { JSONText.answer(Array(text.utf8)) }
    func blob(_ text: String) -> Answer { .blob(Array(text.utf8)) }
    let one = answer(#"{"a":[1,1.0,-0.5e2,true,null,"x"],"b":{}}"#)
    #expect(
      one
        == .unordered([
          .array([
            blob("a"),
            .array([.integer(1), .real(1), .real(-50), .text(Array("true".utf8)), .null, blob("x")]),
          ]), .array([blob("b"), .unordered([])]),
        ]))
    let other = answer(#" { "b" : {} , "a" : [ 1, 1.0, -50.0, true, null, "\u0078" ] } "#)
    #expect(one?.canonicalBytes == other?.canonicalBytes)
    #expect(answer(#"{"a":1}"#)?.canonicalBytes != answer(#"{"a":1.0}"#)?.canonicalBytes)
    #expect(answer("[1,2]")?.canonicalBytes != answer("[2,1]")?.canonicalBytes)
    #expect(answer("12345678901234567890") == .text(Array("12345678901234567890".utf8)))
    #expect(answer(#""\ud83d\ude00\n\/""#) == blob("😀\n/"))
    for text in [
      "", "{", "[1,]", "{\"a\"}", "01x", "+1", "-", "tru", "\"a", #""\ud83d""#, #""\x""#, "1 2", "[1", "{1:2}", "nulll",
      String(repeating: "[", count: 100_000),
    ] {
      #expect(answer(text) == nil, "\(text.prefix(20))")
    }
  }

  @Test("a search is answered by the number found, and by the documents where all of them came")
  func search() throws {
    func bulk(_ text: String) -> RESPValue { .bulk(Array(text.utf8)) }
    let first: [RESPValue] = [bulk("d:1"), .array([bulk("f"), bulk("v"), bulk("g"), bulk("w")])]
    let second: [RESPValue] = [bulk("d:2"), .array([bulk("f"), bulk("x")])]
    func answer(_ total: Int64, _ documents: [RESPValue]) -> Answer? {
      guard case .answered(let answer) = RedisAnswer.reply(.array([.integer(total)] + documents), .search) else {
        return nil
      }
      return answer
    }
    let both = try #require(answer(2, first + second))
    #expect(both.canonicalBytes == answer(2, second + first)?.canonicalBytes)
    #expect(both.canonicalBytes != answer(2, first + first)?.canonicalBytes)
    #expect(answer(7, first) == .array([.integer(7)]))
    #expect(answer(2, [bulk("d:1")]) == nil)
    let words = ["FT.SEARCH", "i", "q"].map { Array($0.utf8) }
    #expect(RedisAnswer.command(words) != nil && RedisAnswer.keys(words) == nil)
  }
}
