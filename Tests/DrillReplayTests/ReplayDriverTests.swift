import DrillCrypto
import DrillModel
import Synchronization
import Testing

@testable import DrillReplay

@Suite("Replay driver", .timeLimit(.minutes(1)))
struct ReplayDriverTests {
  /// Operations `0` to `count - 1`.
  private func operations(_ count: Int) -> [Operation] {
    (0..<count).map { Operation(name: "\($0)", slot: Slot($0 % Slot.count), key: [], statement: .command([])) }
  }

  private static func echo(_ operation: Operation) -> Reply { .answered(.text(Array(operation.name.utf8))) }

  private func echoed(_ operation: Operation) -> RecordedAnswer {
    let answer = Answer.text(Array(operation.name.utf8))
    return RecordedAnswer(digest: SHA256.digest(answer.canonicalBytes), shape: answer.shape)
  }

  @Test(
    "answers stand in the order of the operations, whatever the number of clients", arguments: [1, 3, 8, 64],
    [1, 7, 100])
  func order(connections: Int, pipelining: Int) async throws {
    let store = ScriptedStore { operation, session, _ in
      // Uneven clients, so that replies come in another order than operations.
      for _ in 0..<(session % 3) { await Task.yield() }
      return ReplayDriverTests.echo(operation)
    }
    let operations = operations(500)
    let result = try await ReplayDriver(connections: connections, pipelining: pipelining, timeout: .seconds(5)).replay(
      operations, on: store)
    #expect(result.operations == operations)
    #expect(result.answers == operations.map(echoed))
    #expect(result.unasked == 0)
    #expect(result.indeterminate == 0)
    #expect(result.latency.count == 500)
    let log = store.log
    #expect(log.opened == min(connections, (500 + pipelining - 1) / pipelining))
    #expect(log.closed == log.opened)
  }

  @Test("the same operations are dealt to the same clients in the same batches every time")
  func dealt() async throws {
    func batches() async throws -> Set<[String]> {
      let store = ScriptedStore { operation, _, _ in ReplayDriverTests.echo(operation) }
      _ = try await ReplayDriver(connections: 3, pipelining: 4, timeout: .seconds(5)).replay(operations(50), on: store)
      return Set(Dictionary(grouping: store.log.batches, by: \.session).values.map { $0.flatMap(\.names) })
    }
    let first = try await batches()
    #expect(try await batches() == first)
    // Batches 0, 3, 6, … are the first client's.
    #expect(first.contains { $0.prefix(8) == ["0", "1", "2", "3", "12", "13", "14", "15"] })
  }

  @Test("clients ask at the same time, and each waits for its last batch before it asks the next")
  func closedLoop() async throws {
    let met = Mutex(0)
    let store = ScriptedStore { operation, _, _ in
      // Each of the first four batches waits until all four clients have asked; with fewer at a time it would wait for
      // ever.
      met.withLock { $0 += 1 }
      while met.withLock({ $0 }) < 4 { await Task.yield() }
      return ReplayDriverTests.echo(operation)
    }
    _ = try await ReplayDriver(connections: 4, pipelining: 1, timeout: .seconds(5)).replay(operations(100), on: store)
    #expect(store.log.most == 4)
    #expect(store.log.timeouts.allSatisfy { $0 == .seconds(5) })
  }

  @Test("no operation, no session")
  func nothing() async throws {
    let store = ScriptedStore { operation, _, _ in ReplayDriverTests.echo(operation) }
    let result = try await ReplayDriver(connections: 4, pipelining: 4, timeout: .seconds(1)).replay([], on: store)
    #expect(result.operations.isEmpty && result.answers.isEmpty && result.unasked == 0)
    #expect(store.log.opened == 0)
    #expect(result.latency.summary(side: "sandbox").latencyMaxUs == 0)
  }

  @Test("an operation that timed out is indeterminate, and its neighbours are answered")
  func timeOut() async throws {
    let store = ScriptedStore { operation, _, _ in
      operation.name == "7" ? .indeterminate("timed out") : ReplayDriverTests.echo(operation)
    }
    let operations = operations(20)
    let result = try await ReplayDriver(connections: 2, pipelining: 5, timeout: .seconds(5)).replay(
      operations, on: store)
    #expect(result.answers[7] == RecordedAnswer(digest: nil, shape: "timed out"))
    #expect(result.indeterminate == 1)
    #expect(result.latency.count == 19)
    #expect(result.answers[6] == echoed(operations[6]) && result.answers[8] == echoed(operations[8]))
    #expect(store.log.opened == 2, "one unjudgeable reply costs no session")
  }

  @Test("a lost session is opened anew, and only what it lost is indeterminate")
  func lostSession() async throws {
    let store = ScriptedStore { operation, session, _ in
      session == 1 && (Int(operation.name) ?? 0) >= 10
        ? .indeterminate("connection lost") : ReplayDriverTests.echo(operation)
    }
    let result = try await ReplayDriver(connections: 1, pipelining: 5, timeout: .seconds(5)).replay(
      operations(40), on: store)
    #expect(result.operations.indices.filter { result.answers[$0].digest == nil } == [10, 11, 12, 13, 14])
    #expect(store.log.opened == 2)
    #expect(store.log.closed == 2)
    #expect(result.unasked == 0)
  }

  @Test("a store that is gone is asked three times, then the rest is indeterminate without a time-out each")
  func goneForGood() async throws {
    let store = ScriptedStore { operation, _, _ in
      (Int(operation.name) ?? 0) >= 10 ? .indeterminate("timed out") : ReplayDriverTests.echo(operation)
    }
    let result = try await ReplayDriver(connections: 1, pipelining: 5, timeout: .seconds(5)).replay(
      operations(1000), on: store)
    #expect(store.log.batches.count == 2 + ReplayDriver.patience)
    #expect(result.operations.count == 1000)
    #expect(result.indeterminate == 990)
    #expect(result.unasked == 0)
    #expect(result.answers[999].shape == "not asked any more: no reply to 3 batches in a row")
  }

  @Test("a client that cannot connect leaves its share indeterminate, and the others go on")
  func oneCannotConnect() async throws {
    let store = ScriptedStore(refusing: DrillError(.unreachable, detail: "no route"), from: 2) { operation, _, _ in
      ReplayDriverTests.echo(operation)
    }
    let result = try await ReplayDriver(connections: 2, pipelining: 5, timeout: .seconds(5)).replay(
      operations(100), on: store)
    #expect(result.indeterminate == 50)
    #expect(result.answers.filter { $0.digest == nil }.allSatisfy { $0.shape == "not asked any more: unreachable" })
  }

  @Test("where no client can connect at all, the store's error is thrown: that is \"could not look\"")
  func noneCanConnect() async throws {
    let refusal = DrillError(.authenticationFailed, subject: "node", detail: "wrong password")
    let store = ScriptedStore(refusing: refusal) { operation, _, _ in
      ReplayDriverTests.echo(operation)
    }
    let error = await #expect(throws: DrillError.self) {
      try await ReplayDriver(connections: 2, pipelining: 5, timeout: .seconds(5)).replay(operations(100), on: store)
    }
    #expect(error?.code == .authenticationFailed)
  }

  @Test("a spent budget leaves the rest unasked, and asked and unasked add up")
  func budget() async throws {
    let clock = ManualClock()
    let store = ScriptedStore { operation, _, _ in
      // The tenth operation is answered when the budget is over.
      if operation.name == "9" { clock.advance(by: .milliseconds(60)) }
      return ReplayDriverTests.echo(operation)
    }
    let operations = operations(1000)
    var driver = ReplayDriver(connections: 1, pipelining: 10, timeout: .seconds(5), budget: .milliseconds(50))
    driver.now = { clock.now }
    let result = try await driver.replay(operations, on: store)
    #expect(result.elapsed == .milliseconds(60))
    #expect(result.operations == Array(operations.prefix(10)), "what was answered counts, though late")
    #expect(result.answers == operations.prefix(10).map(echoed))
    #expect(result.unasked == 990)
    #expect(store.log.timeouts.allSatisfy { $0 <= .milliseconds(50) }, "no operation may outlast the budget")
  }

  @Test("an operation that the budget cut short is unasked; one that its own time-out cut short is indeterminate")
  func cutShort() async throws {
    let clock = ManualClock()
    let store = ScriptedStore { _, _, timeout in
      clock.advance(by: timeout)
      return .indeterminate("timed out")
    }
    // Two time-outs of 20 ms fit into 50 ms; the third operation is cut short after 10.
    var driver = ReplayDriver(connections: 1, pipelining: 1, timeout: .milliseconds(20), budget: .milliseconds(50))
    driver.now = { clock.now }
    let result = try await driver.replay(operations(4), on: store)
    #expect(result.operations.map(\.name) == ["0", "1"])
    #expect(result.indeterminate == 2)
    #expect(result.unasked == 2)
    #expect(store.log.timeouts == [.milliseconds(20), .milliseconds(20), .milliseconds(10)])
  }

  @Test("no budget at all asks nothing")
  func zeroBudget() async throws {
    let store = ScriptedStore { operation, _, _ in ReplayDriverTests.echo(operation) }
    let result = try await ReplayDriver(connections: 2, pipelining: 5, timeout: .seconds(5), budget: .zero).replay(
      operations(100), on: store)
    #expect(result.unasked == 100)
    #expect(store.log.batches.isEmpty)
  }

  @Test("a cancelled replay ends with a cancellation, and every session is closed")
  func cancelled() async throws {
    let store = ScriptedStore { operation, _, _ in
      if operation.name == "50" { while !Task.isCancelled { await Task.yield() } }
      return ReplayDriverTests.echo(operation)
    }
    let driver = ReplayDriver(connections: 4, pipelining: 5, timeout: .seconds(50))
    let operations = operations(100_000)
    let task = Task { try await driver.replay(operations, on: store) }
    while !store.log.batches.contains(where: { $0.names.contains("50") }) { await Task.yield() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(store.log.opened == 4)
    #expect(store.log.closed == 4)
    #expect(store.log.batches.count < 20_000)
  }

  @Test("latencies are summed up in microseconds, to three digits")
  func latency() {
    var record = LatencyRecord()
    for microseconds in 1...1000 { record.record(.microseconds(microseconds)) }
    let summary = record.summary(side: "sandbox")
    #expect(summary.side == "sandbox")
    #expect(summary.operations == 1000)
    #expect(abs(summary.latencyP50Us - 500) <= 1)
    #expect(abs(summary.latencyP99Us - 990) <= 1)
    #expect(abs(summary.latencyP999Us - 999) <= 1)
    #expect(abs(summary.latencyMaxUs - 1000) <= 1)
    record.record(.seconds(100_000))
    record.record(.zero - .seconds(1))
    #expect(record.count == 1002)
    #expect(abs(record.microseconds(atPercentile: 100) - 3.6e9) <= 4e6)
  }

  @Test("what was asked becomes an answer sheet")
  func sheet() async throws {
    let store = ScriptedStore { operation, _, _ in ReplayDriverTests.echo(operation) }
    let result = try await ReplayDriver(connections: 2, pipelining: 5, timeout: .seconds(5)).replay(
      operations(10), on: store)
    let sheet = result.sheet(workload: "w", seed: 3)
    #expect(
      sheet
        == AnswerSheet(
          workload: "w", seed: 3, operations: operations(10), answers: operations(10).map(echoed), unasked: 0,
          latency: result.summary(side: "reference")))
  }
}
