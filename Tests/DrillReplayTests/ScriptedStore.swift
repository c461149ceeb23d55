import DrillModel
import Synchronization

@testable import DrillReplay

/// A store in memory whose sessions answer each operation as a script says: a stand-in for the driver's tests alone.
final class ScriptedStore: Store {
  typealias Script = @Sendable (_ operation: Operation, _ session: Int, _ timeout: Duration) async -> Reply

  struct Observed {
    var opened = 0
    var closed = 0
    /// Names of the operations that each session was asked, batch by batch.
    var batches: [(session: Int, names: [String])] = []
    var timeouts: [Duration] = []
    var now = 0
    var most = 0
  }

  let shards = ["a"]
  private let script: Script
  private let refusal: DrillError?
  private let firstRefused: Int
  private let elapsed: Duration
  private let others: [String: Duration]
  private let observed = Mutex(Observed())

  /// - Parameters:
  ///   - refusal: what sessions end with that are opened as number `first` or later, counted from 1.
  ///   - elapsed: how long an operation is said to have taken, but those named in `others`.
  init(
    refusing refusal: DrillError? = nil, from first: Int = 1,
    taking elapsed: Duration = .microseconds(100), but others: [String: Duration] = [:], _ script: @escaping Script
  ) {
    self.elapsed = elapsed
    self.others = others
    self.refusal = refusal
    firstRefused = first
    self.script = script
  }

  var log: Observed { observed.withLock { $0 } }

  func readRecords(shard: String, selection: RecordSelection, into handler: RecordHandler) async throws -> ReadFacts {
    ReadFacts()
  }

  func withSession<R: Sendable>(_ body: (any StoreSession) async throws -> R) async throws -> R {
    let number = observed.withLock {
      $0.opened += 1
      return $0.opened
    }
    defer { observed.withLock { $0.closed += 1 } }
    if let refusal, number >= firstRefused { throw refusal }
    return try await body(Session(store: self, number: number))
  }

  private struct Session: StoreSession {
    let store: ScriptedStore
    let number: Int

    func perform(_ operations: [Operation], timeout: Duration) async -> [TimedReply] {
      store.observed.withLock {
        $0.batches.append((number, operations.map(\.name)))
        $0.timeouts.append(timeout)
        $0.now += 1
        $0.most = max($0.most, $0.now)
      }
      defer { store.observed.withLock { $0.now -= 1 } }
      var replies: [TimedReply] = []
      for operation in operations {
        replies.append(
          TimedReply(
            await store.script(operation, number, timeout), elapsed: store.others[operation.name] ?? store.elapsed))
      }
      return replies
    }
  }
}
