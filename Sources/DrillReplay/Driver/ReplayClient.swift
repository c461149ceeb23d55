internal import DrillCrypto
internal import DrillModel

/// What all clients of a replay go by.
struct ReplayTerms: Sendable {
  var timeout: Duration
  /// When the budget is spent.
  var deadline: ContinuousClock.Instant?
  var thinkTime: ThinkTime?
  var seed: UInt64
  var now: @Sendable () -> ContinuousClock.Instant
  /// Waits in a task until the moment, or until the task is cancelled.
  var sleep: @Sendable (ContinuousClock.Instant) async -> Void
  var progress: (@Sendable (Int) -> Void)?
}

/// One client of a replay, and what it was told.
struct ReplayClient: Sendable {
  let number: Int
  let dealer: Dealer
  let terms: ReplayTerms
  /// By the operation's index; an operation that is not here was left unasked.
  private(set) var answers: [(index: Int, answer: RecordedAnswer)] = []
  /// In nanoseconds: from sending to having read the reply.
  private(set) var serviceTimes: [UInt64] = []
  /// In nanoseconds, from the intended start to having read the reply; in an open loop.
  private(set) var latencies: [UInt64] = []
  /// In nanoseconds, from when an operation was due and a client free for it to sending it: the generator's own delay.
  private(set) var lags: [UInt64] = []
  /// The greatest delay from an intended start to sending, whosever it was.
  private(set) var mostBehind: Duration = .zero
  /// How far behind the last operation was that this client sent.
  private(set) var lastSent: (index: Int, behind: Duration)?
  private var unreported = 0
  private(set) var lastReply: ContinuousClock.Instant?
  /// Why the last session that failed did so.
  private(set) var failure: (any Error)?
  /// Whether a session was open and anything was put to it.
  private(set) var wasAsked = false
  private var failuresInRow = 0
  private var turn = 0
  private var thinking: SeededGenerator
  private var freeSince: ContinuousClock.Instant

  init(number: Int, dealer: Dealer, terms: ReplayTerms) {
    self.number = number
    self.dealer = dealer
    self.terms = terms
    thinking = SeededGenerator(seed: terms.seed, purpose: "think-\(number)")
    freeSince = dealer.start
  }

  var hasGivenUp: Bool { failuresInRow >= ReplayDriver.patience }
  var isBudgetSpent: Bool {
    guard let deadline = terms.deadline else { return false }
    return terms.now() >= deadline
  }

  // MARK: In a task

  mutating func ask(_ operations: [Operation], on store: any Store) async throws {
    while !hasGivenUp, !isBudgetSpent, !isOver {
      do {
        try await store.withSession { session in
          while let batch = try await nextBatch() {
            let wasJudgeable = await ask(batch, of: operations, in: session)
            // Nothing of it came back: whatever the session has become, the next batch gets a new one.
            guard wasJudgeable else { return }
            if let pause = pause(), !isOver { await terms.sleep(pause) }
          }
        }
      } catch let error as CancellationError {
        throw error
      } catch {
        try Task.checkCancellation()
        fail(error)
      }
    }
    giveUpTheRest()
  }

  /// Whether nothing is left to ask.
  var isOver: Bool { isScheduleOver || dealer.isOver(for: number, turn: turn) }
  private var isScheduleOver = false

  private mutating func nextBatch() async throws -> Range<Int>? {
    try Task.checkCancellation()
    guard !isBudgetSpent else { return nil }
    switch deal() {
    case .over: return nil
    case .batch(let batch): return batch
    case .early(let batch, let until):
      await terms.sleep(terms.deadline.map { min($0, until) } ?? until)
      try Task.checkCancellation()
      // Not due any more within the budget: unasked.
      return isBudgetSpent ? nil : batch
    }
  }

  private mutating func ask(_ batch: Range<Int>, of operations: [Operation], in session: any StoreSession) async -> Bool
  {
    let limit = limit()
    let start = begin(batch)
    let replies = await session.perform(Array(operations[batch]), timeout: limit)
    precondition(replies.count == batch.count, "a session returns one reply for each operation")
    var tally = BatchTally()
    for (index, reply) in zip(batch, replies) {
      switch reply.reply {
      case .answered(let answer):
        let recorded = RecordedAnswer(digest: SHA256.digest(answer.canonicalBytes), shape: answer.shape)
        take(index, recorded, after: reply.elapsed.nanoseconds, sentAt: start, limit: limit, &tally)
      case .indeterminate(let reason):
        take(index, RecordedAnswer(digest: nil, shape: reason), after: 0, sentAt: start, limit: limit, &tally)
      }
    }
    end(tally, sentAt: start)
    return tally.wasJudgeable
  }

  // MARK: What both ways of asking share

  struct BatchTally {
    var wasJudgeable = false
    /// Nanoseconds from sending to the last reply.
    var longest: UInt64 = 0
  }

  mutating func deal() -> Dealer.Deal {
    let deal = dealer.next(for: number, turn: turn, now: terms.now())
    switch deal {
    case .batch, .early: turn += 1
    case .over: isScheduleOver = true
    }
    return deal
  }

  /// The batch that comes next, where nothing but the replies has to be waited for; else none.
  func ahead() -> Range<Int> {
    guard dealer.arrivals == nil, terms.thinkTime == nil, terms.deadline == nil,
      case .batch(let batch) = dealer.next(for: number, turn: turn, now: dealer.start)
    else { return 0..<0 }
    return batch
  }

  /// How long the next batch may take.
  func limit() -> Duration {
    guard let deadline = terms.deadline else { return terms.timeout }
    return max(min(terms.timeout, deadline - terms.now()), .zero)
  }

  /// Takes note that a batch is sent now.
  mutating func begin(_ batch: Range<Int>) -> ContinuousClock.Instant {
    wasAsked = true
    unreported += batch.count
    if unreported >= 256, let progress = terms.progress {
      progress(unreported)
      unreported = 0
    }
    let start = terms.now()
    guard dealer.arrivals != nil else { return start }
    for index in batch {
      guard let intended = dealer.intended(index) else { continue }
      let behind = start - intended
      mostBehind = max(mostBehind, behind)
      lastSent = (index, max(behind, .zero))
      lags.append((start - max(intended, freeSince)).nanoseconds)
    }
    return start
  }

  mutating func take(
    _ index: Int, _ answer: RecordedAnswer, after elapsed: UInt64, sentAt start: ContinuousClock.Instant,
    limit: Duration, _ tally: inout BatchTally
  ) {
    guard answer.digest != nil else {
      // Cut short by the budget and not by its own time-out: that is "not asked in time", and no fault of the store.
      if limit < terms.timeout, isBudgetSpent { return }
      answers.append((index, answer))
      return
    }
    tally.wasJudgeable = true
    tally.longest = max(tally.longest, elapsed)
    serviceTimes.append(elapsed)
    if let intended = dealer.intended(index) { latencies.append((start - intended).nanoseconds + elapsed) }
    answers.append((index, answer))
  }

  mutating func end(_ tally: BatchTally, sentAt start: ContinuousClock.Instant) {
    failuresInRow = tally.wasJudgeable ? 0 : failuresInRow + 1
    // From here on whatever holds the client up is its own doing.
    freeSince = tally.wasJudgeable ? start + .nanoseconds(tally.longest) : terms.now()
    if tally.wasJudgeable { lastReply = freeSince }
  }

  mutating func fail(_ error: any Error) {
    failure = error
    failuresInRow += 1
  }

  /// Until when the client thinks before its next batch; nil: not at all.
  mutating func pause() -> ContinuousClock.Instant? {
    guard let thinkTime = terms.thinkTime else { return nil }
    let end = terms.now() + thinkTime.next(&thinking)
    return terms.deadline.map { min($0, end) } ?? end
  }

  var reasonToStop: String {
    (failure as? DrillError)?.code.rawValue ?? "no reply to \(ReplayDriver.patience) batches in a row"
  }

  /// What a client of a closed loop would have asked, had the store not gone.
  mutating func giveUpTheRest() {
    guard !isBudgetSpent, hasGivenUp else { return }
    for index in dealer.rest(for: number, turn: turn).joined() {
      answers.append((index, RecordedAnswer(digest: nil, shape: "not asked any more: \(reasonToStop)")))
    }
  }
}
