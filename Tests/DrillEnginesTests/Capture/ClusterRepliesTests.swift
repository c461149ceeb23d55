import DrillModel
import Foundation
import Testing

@testable import DrillEngines

@Suite("What a cluster says of itself")
struct ClusterRepliesTests {
  static let a = String(repeating: "a", count: 40)
  static let b = String(repeating: "b", count: 40)
  static let c = String(repeating: "c", count: 40)
  static var nodes: String {
    """
    \(a) 10.0.0.1:7001@17001,host-a myself,master - 0 1700000000000 3 connected 0-5460 5462 [52->-\(b)] [53-<-\(b)]
    \(b) ::1:7002@17002 master - 0 1700000000000 2 connected 5461 5463-16383
    \(c) :7003@17003 slave \(a) 0 1700000000000 3 disconnected

    """
  }

  @Test("CLUSTER NODES: owners, replicas, addresses and open slots")
  func nodesReply() throws {
    let reply = try ClusterNodesReply(Self.nodes, host: "seed", subject: "test")
    let own = try #require(reply.myself)
    #expect(own.moves.count == 2)
    #expect(own.moves[0] == Topology.Move(slot: Slot(52), source: Self.a, target: Self.b))
    #expect(own.moves[1] == Topology.Move(slot: Slot(53), source: Self.b, target: Self.a))
    #expect(own.configEpoch == 3)
    let shards = try reply.shards(subject: "test")
    #expect(shards.map(\.name) == [Self.a, Self.b])
    #expect(shards[0].slots.description == "0-5460,5462")
    #expect(shards[0].master.endpoint == .tcp(host: "10.0.0.1", port: 7001))
    #expect(shards[1].master.endpoint == .tcp(host: "::1", port: 7002))
    #expect(shards[0].replicas.map(\.endpoint) == [.tcp(host: "seed", port: 7003)])
    #expect(shards[0].replicas.map(\.isHealthy) == [false])
  }

  @Test("slots whose master is failing are unreachable; a failing master without slots is nothing")
  func failingMaster() throws {
    let failing = Self.nodes.replacingOccurrences(of: "17002 master", with: "17002 master,fail")
    #expect(throws: DrillError.self) { try ClusterNodesReply(failing, host: "x", subject: "t").shards(subject: "t") }
    let empty = failing.replacingOccurrences(of: " 5461 5463-16383", with: "")
    #expect(try ClusterNodesReply(empty, host: "x", subject: "t").shards(subject: "t").map(\.name) == [Self.a])
  }

  @Test(
    "a line that is not of the form is a violation",
    arguments: [
      "x", "id 1.2.3.4@1 master - 0 0 1 connected", "id h:1@2 master - 0 0 x connected",
      "id h:1@2 master - 0 0 1 connected 99999",
      "id h:1@2 master - 0 0 1 connected [5->-", "id h:1@2 master - 0 0 1 connected [x->-y]",
      "id h:1@2 master - 0 0 1 connected [5=y]",
    ])
  func malformed(line: String) {
    #expect(throws: DrillError.self) { try ClusterNodesReply(line, host: "x", subject: "t") }
  }

  @Test("nodes.conf cut off anywhere or with a changed byte is refused, or another topology")
  func damagedNodes() throws {
    let text = Array((Self.nodes + "vars currentEpoch 3 lastVoteEpoch 0\n").utf8)
    func topology(_ bytes: [UInt8]) throws -> Topology? {
      do {
        return try RedisEngine().statedTopology(in: String(decoding: bytes, as: UTF8.self))
      } catch let error as DrillError {
        #expect(error.code == .badFile)
        return nil
      }
    }
    let whole = try #require(try topology(text))
    #expect(whole.slots == .all && whole.moves.count == 2)
    // The last range of slots stands in the second line.
    let lastRange = try #require(Self.nodes.range(of: "5463-16383"))
    let end = Self.nodes[..<lastRange.upperBound].utf8.count
    for count in 0..<end { #expect(try topology(Array(text[..<count]))?.slots != .all, "cut off at \(count)") }
    for index in text.indices {
      var changed = text
      changed[index] ^= 1 << UInt8(index % 8)
      _ = try topology(changed)
    }
  }

  @Test(
    "a server's clock that shows no time is none",
    arguments: [(.max, 0), (-1, 0), (1, -1), (1, 1_000_000)] as [(Int64, Int64)])
  func clock(seconds: Int64, microseconds: Int64) {
    func reply(_ words: [String]) -> RESPValue { .array(words.map { .bulk(Array($0.utf8)) }) }
    #expect(ServerClock.microseconds(reply(["\(seconds)", "\(microseconds)"])) == nil)
    #expect(ServerClock.microseconds(reply(["1700000000", "999999"])) == 1_700_000_000_999_999)
  }

  static func shard(
    _ slots: [Int64], _ nodes: [(id: String, role: String, health: String, endpoint: RESPValue)]
  ) -> RESPValue {
    func text(_ text: String) -> RESPValue { .bulk(Array(text.utf8)) }
    return .array([
      text("slots"), .array(slots.map { .integer($0) }), text("nodes"),
      .array(
        nodes.map {
          .array([
            text("id"), text($0.id), text("port"), .integer(7000), text("ip"), text("10.0.0.9"), text("endpoint"),
            $0.endpoint,
            text("role"), text($0.role), text("replication-offset"), .integer(77), text("health"), text($0.health),
          ])
        }),
    ])
  }

  @Test("CLUSTER SHARDS: several ranges, unknown endpoints, a dead master beside the living one")
  func shardsReply() throws {
    let reply = RESPValue.array([
      Self.shard(
        [0, 5, 7, 9],
        [
          (Self.a, "master", "fail", .bulk(Array("old".utf8))), (Self.b, "master", "online", .null),
          (Self.c, "replica", "loading", .bulk(Array("h".utf8))),
        ])
    ])
    let shards = try ClusterShardsReply.shards(reply, host: "seed", subject: "t")
    #expect(shards.map(\.name) == [Self.b])
    #expect(shards[0].slots.description == "0-5,7-9")
    #expect(shards[0].master.endpoint == .tcp(host: "seed", port: 7000))
    #expect(shards[0].master.replicationOffset == 77)
    #expect(
      shards[0].replicas == [
        RedisNode(name: Self.c, endpoint: .tcp(host: "h", port: 7000), isHealthy: false, replicationOffset: 77)
      ])
  }

  @Test(
    "CLUSTER SHARDS: a server that does not say where it is reached is where the asked one is; one without a name has its address",
    arguments: [("", "seed"), ("?", "10.0.0.9"), ("name.test", "name.test")])
  func preferredEndpoints(_ endpoint: String, _ host: String) throws {
    let node = (Self.a, "master", "online", RESPValue.bulk(Array(endpoint.utf8)))
    let shards = try ClusterShardsReply.shards(
      .array([Self.shard([0, 16383], [node])]), host: "seed", subject: "t")
    #expect(shards.map(\.master.endpoint) == [.tcp(host: host, port: 7000)])
  }

  @Test("CLUSTER SHARDS: slots without a living master, and replies of another form, are refused")
  func badShards() {
    let dead = RESPValue.array([Self.shard([0, 5], [(Self.a, "master", "fail", .null)])])
    #expect(throws: DrillError.self) { try ClusterShardsReply.shards(dead, host: "x", subject: "t") }
    for bad in [
      RESPValue.null, .array([.integer(1)]), .array([Self.shard([0], [])]), .array([Self.shard([5, 3], [])]),
      .array([Self.shard([0, 16384], [])]),
    ] {
      #expect(throws: DrillError.self) { try ClusterShardsReply.shards(bad, host: "x", subject: "t") }
    }
  }
}
