import DrillEngines
import DrillModel
import DrillProduction
import Foundation
import Testing

@Suite("A proxy that misbehaves")
struct MisbehavingProxyTests {
  /// What a client of the proxy hears, and how often the proxy misbehaved.
  private func heard(
    _ misbehaviour: Misbehaviour, _ questions: [[String]]
  ) async throws -> (replies: RedisReplies, touched: Int) {
    try await TestBench.with { bench in
      try await UnixRedis.with(bench.folder + "/u") { server in
        try await server.send([
          ["SET", "text", "abc"], ["SET", "other", "xyz"], ["SET", "number", "19"], ["RPUSH", "list", "a", "b", "c"],
          ["HSET", "hash", "field", "value"],
        ])
        return try await MisbehavingProxy.with(before: .unix(path: bench.folder + "/u/s"), misbehaviour) { proxy in
          let endpoint = Endpoint.tcp(host: "127.0.0.1", port: proxy.port)
          return try await RedisConnection.with(endpoint, RedisCredentials()) { connection in
            let replies = await connection.pipeline(
              questions.map { $0.map { Array($0.utf8) } }, timeout: .milliseconds(500))
            return (replies, proxy.touched)
          }
        }
      }
    }
  }

  private let questions = [["GET", "text"], ["LRANGE", "list", "0", "-1"], ["GET", "other"], ["GET", "none"]]

  @Test("lies about what it is asked for, keeps to it, and about nothing else")
  func lies() async throws {
    let all = try await heard(Misbehaviour(.lies, verbs: ["GET"], seed: 1), questions + [["GET", "text"]])
    #expect(all.replies.values.map(\.text) == ["abb", nil, "xy{", nil, "abb"] && all.touched == 3)
    #expect(all.replies.values[1].array?.map(\.text) == ["a", "b", "c"])
    let one = try await heard(Misbehaviour(.lies, verbs: ["GET"], mostKeys: 1, seed: 1), questions + [["GET", "text"]])
    #expect(one.replies.values.map(\.text) == ["abb", nil, "xyz", nil, "abb"] && one.touched == 2)
    let counted = try await heard(Misbehaviour(.lies, verbs: ["LLEN"], seed: 1), [["LLEN", "list"], ["GET", "text"]])
    #expect(counted.replies.values[0].integer == 4 && counted.replies.values[1].text == "abc")
    let nothing = try await heard(Misbehaviour(.lies, verbs: ["HGET"], seed: 1), questions)
    #expect(nothing.replies.values.map(\.text) == ["abc", nil, "xyz", nil] && nothing.touched == 0)
  }

  @Test("keeps to questions and answers over every type of RESP3")
  func types() async throws {
    let typed = [
      ["INFO", "server"], ["SMEMBERS", "none"], ["HGETALL", "hash"], ["EVAL", "return redis.error_reply('no')", "0"],
    ]
    let heard = try await heard(Misbehaviour(.lies, verbs: ["GET", "HGETALL"], seed: 1), typed + questions)
    #expect(heard.replies.values.dropFirst(4).map(\.text) == ["abb", nil, "xy{", nil] && heard.touched == 3)
    #expect(heard.replies.values[2].array?.map(\.text) == ["fiele", "value"])
  }

  @Test("turns arrays round, and shortens them")
  func arrays() async throws {
    let turned = try await heard(Misbehaviour(.reverses, seed: 1), questions)
    #expect(turned.replies.values[1].array?.map(\.text) == ["c", "b", "a"] && turned.touched == 1)
    let shorter = try await heard(Misbehaviour(.shortens, seed: 1), questions)
    #expect(shorter.replies.values[1].array?.map(\.text) == ["a", "b"] && shorter.replies.values[0].text == "abc")
  }

  @Test("says things twice, ends in the middle, or falls silent")
  func broken() async throws {
    let twice = try await heard(Misbehaviour(.repeats, verbs: ["GET"], mostKeys: 1, seed: 1), questions)
    #expect(twice.replies.values.prefix(2).map(\.text) == ["abc", "abc"])
    let cut = try await heard(Misbehaviour(.cuts, verbs: ["LRANGE"], seed: 1), questions)
    #expect(cut.replies.values.map(\.text) == ["abc"] && cut.replies.failure?.code == .unreachable)
    let silent = try await heard(Misbehaviour(.stalls, verbs: ["LRANGE"], seed: 1), questions)
    #expect(silent.replies.values.map(\.text) == ["abc"] && silent.replies.failure?.code == .timedOut)
  }
}
