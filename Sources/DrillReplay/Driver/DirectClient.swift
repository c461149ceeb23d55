internal import DrillModel
internal import Foundation
internal import Glibc
internal import Synchronization

/// What a thread asks through: a ``DirectSession``'s questions, or a ``LoadSession``'s steps.
struct DirectLane {
  var perform: (Range<Int>, _ next: Range<Int>, Duration, (Int, RecordedAnswer, UInt64) -> Void) -> Void
  var interrupt: @Sendable () -> Void
  var close: () -> Void

  init(_ session: any DirectSession, _ operations: [DrillModel.Operation]) {
    perform = { session.perform(operations[$0], next: operations[$1], timeout: $2, $3) }
    interrupt = session.interrupt
    close = { session.close() }
  }

  init(_ session: any LoadSession, _ steps: [LoadStep]) {
    perform = { session.perform(steps[$0], timeout: $2, $3) }
    interrupt = session.interrupt
    close = { session.close() }
  }
}

/// Ends what a thread does: it is told between two batches, and the session that it waits for is interrupted.
final class DirectStop: Sendable {
  /// A struct and no tuple: a closure in a tuple is wrapped once more by each access through the lock.
  private struct State {
    var isStopped = false
    var interrupt: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  var isStopped: Bool { state.withLock { $0.isStopped } }

  /// - Parameter interrupt: what interrupts the session that is used from now on.
  func use(_ interrupt: (@Sendable () -> Void)?) {
    let isStopped = state.withLock { state in
      state.interrupt = interrupt
      return state.isStopped
    }
    if isStopped { interrupt?() }
  }

  func stop() {
    state.withLock { state in
      state.isStopped = true
      state.interrupt?()
    }
  }
}

extension ReplayClient {
  /// Asks on a thread of its own until nothing is left to ask, and returns the client as it ended.
  ///
  /// - Throws: `CancellationError`.
  func asked(through open: @escaping @Sendable () throws -> DirectLane) async throws -> ReplayClient {
    let stop = DirectStop()
    let client = self
    let ended: ReplayClient = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let thread = Thread {
          var client = client
          client.ask(through: open, stop)
          continuation.resume(returning: client)
        }
        thread.stackSize = 1 << 20
        thread.start()
      }
    } onCancel: {
      stop.stop()
    }
    try Task.checkCancellation()
    return ended
  }

  private mutating func ask(through open: () throws -> DirectLane, _ stop: DirectStop) {
    while !hasGivenUp, !isBudgetSpent, !isOver, !stop.isStopped {
      let lane: DirectLane
      do {
        lane = try open()
      } catch {
        fail(error)
        continue
      }
      stop.use(lane.interrupt)
      defer {
        stop.use(nil)
        lane.close()
      }
      while askNext(lane, stop) {}
    }
    giveUpTheRest()
  }

  /// Puts one batch; false where the session is of no more use, or nothing is left to ask.
  ///
  private mutating func askNext(_ lane: DirectLane, _ stop: DirectStop) -> Bool {
    guard !isBudgetSpent, !stop.isStopped else { return false }
    let batch: Range<Int>
    switch deal() {
    case .over: return false
    case .batch(let due): batch = due
    case .early(let early, let until):
      wait(until: until, stop)
      guard !isBudgetSpent, !stop.isStopped else { return false }
      batch = early
    }
    let limit = limit()
    let start = begin(batch)
    var tally = BatchTally()
    lane.perform(batch, ahead(), limit) { index, answer, elapsed in
      take(index, answer, after: elapsed, sentAt: start, limit: limit, &tally)
    }
    end(tally, sentAt: start)
    guard tally.wasJudgeable else { return false }
    if let pause = pause(), !isOver { wait(until: pause, stop) }
    return true
  }

  private func wait(until moment: ContinuousClock.Instant, _ stop: DirectStop) {
    let moment = terms.deadline.map { min($0, moment) } ?? moment
    while !stop.isStopped {
      let left = min((moment - terms.now()).nanoseconds, 100_000_000)
      guard left > 0 else { return }
      var time = timespec(tv_sec: 0, tv_nsec: Int(left))
      nanosleep(&time, nil)
    }
  }
}
