import DrillCrypto
import DrillModel
import Synchronization
import Testing

@testable import DrillReplay

@Suite("Asking again", .timeLimit(.minutes(1)))
struct AskedAgainTests {
  private static func operations(_ count: Int) -> [Operation] {
    (0..<count).map { Operation(name: "\($0)", slot: Slot($0), key: [], statement: .command([])) }
  }

  /// Operation 7 gets another answer every time; 8 another one from the `late`th asking on; the rest always their own.
  private func store(late: Int = .max, asked: AskCounts = AskCounts()) -> ScriptedStore {
    ScriptedStore { operation, _, _ in
      let time = asked.counts.withLock {
        $0[operation.name, default: 0] += 1
        return $0[operation.name] ?? 0
      }
      let isOther = operation.name == "7" || operation.name == "8" && time >= late
      return .answered(.text(Array("\(operation.name)\(isOther ? "-\(time)" : "")".utf8)))
    }
  }

  private let driver = ReplayDriver(connections: 3, pipelining: 4, timeout: .seconds(5))

  @Test("asked twice, only the question that the store answers in two ways is unsteady")
  func twice() async throws {
    let operations = Self.operations(50)
    let result = try await driver.replayTwice(operations, on: store())
    #expect(result.operations == operations && result.unasked == 0 && result.askedAgain == 50)
    #expect(result.answers.indices.filter { result.answers[$0].isUnsteady } == [7])
    #expect(result.answers.indices.filter { result.answers[$0].digest == nil } == [7])
    #expect(result.latency.count == 50, "times are those of the first round")
    #expect(result.sheet(workload: "w", seed: 1).askedAgain == 50)
  }

  @Test("what is chosen is asked until its answer is another one, and the rest is left alone")
  func chosen() async throws {
    let asked = AskCounts()
    let store = store(late: 9, asked: asked)
    let first = try await driver.replay(Self.operations(20), on: store)
    let result = try await driver.askAgain(first, times: 16, on: store) { operation, _ in
      ["8", "9"].contains(operation.name)
    }
    #expect(result.answers.indices.filter { result.answers[$0].isUnsteady } == [8])
    let counts = asked.counts.withLock { $0 }
    #expect(counts["8"] == 9 && counts["9"] == 17 && counts["7"] == 1)
  }

  @Test("a spent budget, or a store that has gone, leaves the first answers as they are")
  func notAsked() async throws {
    let first = try await driver.replay(Self.operations(20), on: store())
    var spent = driver
    spent.budget = .zero
    #expect(try await spent.askAgain(first, on: store()) { _, _ in true } == first)
    let gone = ScriptedStore(refusing: DrillError(.unreachable, detail: "gone")) { _, _, _ in .answered(.null) }
    #expect(try await driver.askAgain(first, on: gone) { _, _ in true } == first)
  }
}

/// How often each question was asked, for tasks that share it.
private final class AskCounts: Sendable {
  let counts = Mutex<[String: Int]>([:])
}
