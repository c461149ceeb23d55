internal import DrillCrypto
internal import DrillModel

/// One client of a replay, and what it was told.
struct ReplayClient: Sendable {
  let timeout: Duration
  let deadline: ContinuousClock.Instant?
  let now: @Sendable () -> ContinuousClock.Instant
  /// By the operation's index; an operation that is not here was left unasked.
  private(set) var answers: [(index: Int, answer: RecordedAnswer)] = []
  private(set) var latencies: [Duration] = []
  /// Why the last session that failed did so.
  private(set) var failure: (any Error)?
  /// Whether a session was open and anything was put to it.
  private(set) var wasAsked = false

  init(timeout: Duration, deadline: ContinuousClock.Instant?, now: @escaping @Sendable () -> ContinuousClock.Instant) {
    self.timeout = timeout
    self.deadline = deadline
    self.now = now
  }

  mutating func ask(_ batches: [Range<Int>], of operations: [Operation], on store: any Store) async throws {
    var rest = batches[...]
    var failuresInRow = 0
    while !rest.isEmpty, failuresInRow < ReplayDriver.patience, !isBudgetSpent {
      do {
        try await store.withSession { session in
          while let batch = rest.first, !isBudgetSpent {
            try Task.checkCancellation()
            let wasJudgeable = await ask(batch, of: operations, in: session)
            rest = rest.dropFirst()
            guard wasJudgeable else {
              // Nothing of it came back: whatever the session has become, the next batch gets a new one.
              failuresInRow += 1
              return
            }
            failuresInRow = 0
          }
        }
      } catch let error as CancellationError {
        throw error
      } catch {
        try Task.checkCancellation()
        failure = error
        failuresInRow += 1
      }
    }
    guard !isBudgetSpent else { return }
    let reason = (failure as? DrillError)?.code.rawValue ?? "no reply to \(ReplayDriver.patience) batches in a row"
    for index in rest.joined() {
      answers.append((index, RecordedAnswer(digest: nil, shape: "not asked any more: \(reason)")))
    }
  }

  private var isBudgetSpent: Bool {
    guard let deadline else { return false }
    return now() >= deadline
  }

  /// Whether any reply could be judged.
  private mutating func ask(_ batch: Range<Int>, of operations: [Operation], in session: any StoreSession) async -> Bool
  {
    var limit = timeout
    if let deadline { limit = min(limit, deadline - now()) }
    wasAsked = true
    let replies = await session.perform(Array(operations[batch]), timeout: max(limit, .zero))
    precondition(replies.count == batch.count, "a session returns one reply for each operation")
    var wasJudgeable = false
    for (index, reply) in zip(batch, replies) {
      switch reply.reply {
      case .answered(let answer):
        wasJudgeable = true
        latencies.append(reply.elapsed)
        answers.append((index, RecordedAnswer(digest: SHA256.digest(answer.canonicalBytes), shape: answer.shape)))
      case .indeterminate(let reason):
        // Cut short by the budget and not by its own time-out: that is "not asked in time", and no fault of the store.
        if limit < timeout, isBudgetSpent { continue }
        answers.append((index, RecordedAnswer(digest: nil, shape: reason)))
      }
    }
    return wasJudgeable
  }
}
