import Testing

@testable import DrillEngines

@Suite("What commands of a replication stream change")
struct WriteEffectTests {
  static func effect(_ text: String) -> WriteEffect {
    let command = AOFCommand()
    for word in text.split(separator: " ") {
      Array(word.utf8).withUnsafeBytes { command.append($0) }
      command.endWord()
    }
    return WriteEffect(command)
  }
  static func keys(_ keys: String...) -> WriteEffect { .keys(keys.map { Array($0.utf8) }) }

  @Test("written keys are named, read ones are not")
  func named() {
    #expect(Self.effect("SET k v PXAT 1") == Self.keys("k"))
    #expect(Self.effect("set k v") == Self.keys("k"))
    #expect(Self.effect("DEL a b c") == Self.keys("a", "b", "c"))
    #expect(Self.effect("MSET a 1 b 2") == Self.keys("a", "b"))
    #expect(Self.effect("RENAME a b") == Self.keys("a", "b"))
    #expect(Self.effect("LMOVE a b LEFT RIGHT") == Self.keys("a", "b"))
    #expect(Self.effect("BITOP AND d x y") == Self.keys("d"))
    #expect(Self.effect("ZUNIONSTORE d 2 x y") == Self.keys("d"))
    #expect(Self.effect("COPY s d") == Self.keys("d"))
    #expect(Self.effect("COPY s d DB 3 REPLACE") == .across(source: nil, target: Array("d".utf8), into: 3))
    #expect(Self.effect("MOVE k 3") == .across(source: Array("k".utf8), target: Array("k".utf8), into: 3))
    #expect(Self.effect("XGROUP CREATE s g $ ENTRIESREAD 0") == Self.keys("s"))
    #expect(Self.effect("XCLAIM s g c 0 1-1 TIME 5 RETRYCOUNT 1 FORCE JUSTID LASTID 1-1") == Self.keys("s"))
    #expect(Self.effect("SORT k BY w GET STORE STORE d") == Self.keys("STORE", "d"))
    #expect(Self.effect("GEORADIUS k 1 2 3 km STORE a STOREDIST b") == Self.keys("a", "b"))
    #expect(Self.effect("LMPOP 2 a b LEFT") == Self.keys("a", "b"))
    #expect(Self.effect("BZMPOP 0 1 a MIN") == Self.keys("a"))
  }

  @Test("whole databases, switches and what holds no record")
  func others() {
    #expect(Self.effect("FLUSHALL ASYNC") == .everything)
    #expect(Self.effect("FLUSHDB") == .database)
    #expect(Self.effect("SWAPDB 0 5") == .databases([0, 5]))
    #expect(Self.effect("SELECT 7") == .select(7))
    #expect(Self.effect("FUNCTION LOAD x") == .libraries)
    for text in ["PING", "MULTI", "EXEC", "REPLCONF GETACK *", "PUBLISH c m"] { #expect(Self.effect(text) == .nothing) }
  }

  @Test("a command whose keys cannot be told is unknown, never nothing")
  func unknown() {
    for text in [
      "", "JSON.SET k $ 1", "EVAL x 0", "SET", "MSET a", "SELECT x", "SWAPDB 1", "LMPOP 9 a", "SORT k", "MOVE k",
      "BITOP AND",
    ] {
      #expect(Self.effect(text) == .unknown, "\(text)")
    }
  }
}
