import DrillModel
import Testing

@testable import DrillEngines

@Suite("The proof of one cut")
struct CoherenceProofTests {
  static let now = ContinuousClock.now

  static func state(_ offset: UInt64) -> MasterState {
    MasterState(
      runID: "run", role: "master", replicationID: "history", offset: offset, countsWrites: true, currentEpoch: 7,
      configEpoch: 3,
      own: ClusterNodesReply.Line(
        id: "n", host: "h", port: 1, flags: ["master", "myself"], masterID: nil, configEpoch: 3, isLinked: true,
        slots: SlotSet(0...9),
        moves: []),
      clock: ServerClock(microseconds: 0, at: now))
  }

  static func proof(
    _ paused: MasterState, _ offset: UInt64, _ released: MasterState, history: String = "history",
    expiresAt: ContinuousClock.Instant = now + .seconds(2)
  ) -> CoherenceProof {
    CoherenceProof(
      shard: "s", source: "master h:1", what: "snapshot", paused: paused,
      position: ReplicationPosition(history: history, offset: offset), released: released, expiresAt: expiresAt,
      releasedAt: now + .seconds(1))
  }

  @Test("equal offsets prove it, and so does a step of exactly one ping")
  func proven() {
    #expect(Self.proof(Self.state(100), 100, Self.state(100)).objections.isEmpty)
    #expect(Self.proof(Self.state(100), 114, Self.state(114)).objections.isEmpty)
    #expect(Self.proof(Self.state(100), 100, Self.state(114)).objections.isEmpty)
    #expect(Self.proof(Self.state(100), 114, Self.state(128)).objections.isEmpty)
  }

  @Test("a snapshot that is older or newer than the paused master is none")
  func otherOffsets() {
    for offset: UInt64 in [0, 86, 99, 101, 113, 115, 127, 128] {
      #expect(!Self.proof(Self.state(100), offset, Self.state(max(100, offset))).objections.isEmpty, "\(offset)")
    }
  }

  @Test("a write while the pause should hold is seen")
  func writeBeforeRelease() {
    for offset: UInt64 in [99, 101, 117, 128, 500] {
      #expect(Self.proof(Self.state(100), 100, Self.state(offset)).objections.count == 1, "\(offset)")
    }
  }

  @Test("everything else that moved is an objection of its own")
  func moved() {
    func objections(_ change: (inout MasterState) -> Void) -> Int {
      var after = Self.state(100)
      change(&after)
      return Self.proof(Self.state(100), 100, after).objections.count
    }
    #expect(objections { _ in } == 0)
    #expect(objections { $0.runID = "other" } == 1)
    #expect(objections { $0.role = "slave" } == 1)
    #expect(objections { $0.replicationID = "other" } == 1)
    #expect(objections { $0.currentEpoch = 8 } == 1)
    #expect(objections { $0.configEpoch = 4 } == 1)
    #expect(objections { $0.own?.slots.insert(Slot(10)) } == 1)
    #expect(objections { $0.own?.moves = [Topology.Move(slot: Slot(1), source: "n", target: "m")] } == 1)
    #expect(Self.proof(Self.state(100), 100, Self.state(100), history: "other").objections.count == 1)
    #expect(
      Self.proof(Self.state(100), 100, Self.state(100), expiresAt: Self.now + .milliseconds(999)).objections.count == 1)
    var mute = Self.state(100)
    mute.countsWrites = false
    #expect(Self.proof(mute, 100, Self.state(100)).objections.count == 1)
  }

  @Test("sources of moves are paused before their targets; moves in a circle are refused")
  func order() throws {
    func move(_ source: String, _ target: String) -> Topology.Move {
      Topology.Move(slot: Slot(1), source: source, target: target)
    }
    #expect(try PauseOrder.groups(shards: ["a", "b", "c"], moves: []) == [["a", "b", "c"]])
    #expect(try PauseOrder.groups(shards: ["a", "b", "c"], moves: [move("c", "a")]) == [["b", "c"], ["a"]])
    #expect(
      try PauseOrder.groups(shards: ["a", "b", "c"], moves: [move("c", "a"), move("a", "b")]) == [["c"], ["a"], ["b"]])
    #expect(try PauseOrder.groups(shards: ["a", "b"], moves: [move("gone", "a")]) == [["a", "b"]])
    for moves in [[move("a", "b"), move("b", "a")], [move("a", "b"), move("b", "c"), move("c", "a")]] {
      do {
        _ = try PauseOrder.groups(shards: ["a", "b", "c"], moves: moves)
        Issue.record("a circle was given an order")
      } catch let error as DrillError {
        #expect(error.code == .captureRefused)
      }
    }
  }

  @Test("the fork is expected in the cron's run after the second has come, never before it")
  func timing() {
    let clock = ServerClock(microseconds: 1_000_500_000, at: Self.now)
    let timing = PauseTiming(askedAt: Self.now + .milliseconds(100), clock: clock, delay: 5)
    #expect(timing.earliest == Self.now + .milliseconds(4500))
    #expect(timing.expected(lastTick: nil) == timing.earliest)
    #expect(timing.expected(lastTick: Self.now + .milliseconds(900)) == Self.now + .milliseconds(4900))
    #expect(timing.expected(lastTick: Self.now + .milliseconds(1600)) == Self.now + .milliseconds(4600))
    #expect(timing.expected(lastTick: Self.now + .milliseconds(480)) == Self.now + .milliseconds(4480))
    #expect(PauseTiming.untilMiddleOfSecond(clock, now: Self.now) == .zero)
    #expect(PauseTiming.untilMiddleOfSecond(clock, now: Self.now + .milliseconds(400)) == .milliseconds(600))
    #expect(PauseTiming.untilMiddleOfSecond(clock, now: Self.now + .milliseconds(600)) == .milliseconds(400))
  }
}
