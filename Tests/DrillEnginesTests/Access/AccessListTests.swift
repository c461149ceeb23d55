import DrillModel
import Testing

@testable import DrillEngines

@Suite("An access list")
struct AccessListTests {
  private func user(_ rules: String) throws -> AccessUser {
    try #require(try AccessListReader.read("user a \(rules)\n").users["a"])
  }

  @Test(
    "says the same in other words and another order",
    arguments: [
      ("on nopass allkeys allchannels allcommands", "on nopass ~* &* +@all"),
      (
        "on >pw ~a ~b +get +set",
        "on #30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4 ~b ~a -@all +set +get"
      ),
      ("+@all -get ~x", "-get +get nocommands +@all -get %RW~x"),
      ("off %R~x %W~x", "%RW~x"), ("reset on +get", "+get on"), ("nopass resetpass", "off"),
      ("+get (~a +set)", "( ~a +set ) +get"), ("+GET +Config|Get", "+config|get +get"),
    ])
  func same(_ one: String, _ other: String) throws {
    #expect(try user(one) == user(other))
  }

  @Test(
    "says another thing where the order of what adds and what takes away is another, or a right is",
    arguments: [
      ("+@all -get", "-get +@all"), ("+@read -@dangerous", "-@dangerous +@read"), ("~a", "%R~a"), ("&a", "~a"),
      ("+get", "(+get)"), ("on", "off"), ("on nopass", "on"), (">a", ">b"),
    ])
  func different(_ one: String, _ other: String) throws {
    #expect(try user(one) != user(other))
  }

  @Test(
    "of another form is refused by its line, without what stands there",
    arguments: ["usr a on", "user", "user a on\nuser a off", "user a (~x +get", "user a %Q~x", "user a hunter2"])
  func malformed(_ text: String) {
    let error = #expect(throws: DrillError.self) { try AccessListReader.read(text) }
    #expect(error?.code == .badFile)
    #expect(error?.description.contains("hunter2") == false)
  }

  @Test(
    "has patterns that match as Redis' do",
    arguments: [
      ("*", "", true), ("a*", "abc", true), ("a*c", "abcb", false), ("h?llo", "hallo", true), ("h?llo", "hllo", false),
      ("h[ae]llo", "hello", true), ("h[^e]llo", "hello", false), ("h[a-c]llo", "hbllo", true), ("a\\*", "a*", true),
      ("a\\*", "ab", false), ("*:*:x", "a:b:x", true), ("[", "[", false),
    ])
  func glob(_ pattern: String, _ text: String, _ matches: Bool) {
    #expect(GlobPattern(pattern).matches(text) == matches)
  }

  @Test("lets a user do what one of its selectors allows as a whole, and nothing that takes two of them")
  func prediction() throws {
    let prediction = AccessPrediction(categories: ["read": ["get", "config|get"], "write": ["set"]])
    let alice = try user("on ~a:* %R~b:* -@all +@read (~c +set)")
    func may(_ words: [String], key: String?, writes: Bool = false) -> Bool {
      prediction.allows(alice, .init(words: words, key: key, reads: !writes, writes: writes))
    }
    #expect(may(["GET", "a:1"], key: "a:1"))
    #expect(may(["GET", "b:1"], key: "b:1"))
    #expect(!may(["GET", "c"], key: "c"))
    #expect(may(["SET", "c", "v"], key: "c", writes: true))
    #expect(!may(["SET", "a:1", "v"], key: "a:1", writes: true))
    #expect(may(["CONFIG", "GET", "x"], key: nil))
    #expect(!may(["CONFIG", "SET", "x"], key: nil))
  }
}
