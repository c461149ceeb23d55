public import DrillModel

/// Puts operations to a store as so many clients do, each asking its next batch once the last one is answered (a closed
/// loop).
///
/// Batches of consecutive operations are dealt to the clients in turn, so which client asks what depends on nothing but
/// the operations. Answers are kept as digests; whether they are right is not this side's business.
public struct ReplayDriver: Sendable {
  /// Clients, each with a session of its own.
  public var connections: Int
  /// Operations of a batch.
  public var pipelining: Int
  /// How long an operation may take before its reply is indeterminate.
  public var timeout: Duration
  /// How long the whole replay may take; what is not asked or not answered by then is unasked. Nil: as long as it
  /// takes.
  public var budget: Duration?

  /// After so many batches in a row without one judgeable reply, each on a new session, a client stops asking: a store
  /// that is gone must not cost a time-out per batch.
  static let patience = 3

  /// The monotonic clock; tests move one of their own.
  var now: @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }

  /// - Precondition: `connections` and `pipelining` are above 0.
  public init(connections: Int, pipelining: Int, timeout: Duration, budget: Duration? = nil) {
    precondition(connections > 0 && pipelining > 0)
    self.connections = connections
    self.pipelining = pipelining
    self.timeout = timeout
    self.budget = budget
  }

  /// - Precondition: the profile has no ``WorkloadProfile/problems``.
  public init(_ profile: WorkloadProfile, budget: Duration? = nil) {
    self.init(
      connections: profile.connections, pipelining: profile.pipelining, timeout: profile.timeout, budget: budget)
  }

  /// Asks all operations that the budget allows and waits for their replies.
  ///
  /// A lost session is opened anew; operations whose reply is lost are not asked again, and are indeterminate.
  /// - Throws: what the store threw where no session could be opened at all and nothing was asked; `CancellationError`
  ///   when the task is cancelled, after every session was closed.
  public func replay(_ operations: [Operation], on store: any Store) async throws -> ReplayResult {
    let start = now()
    let deadline = budget.map { start + $0 }
    let batches = stride(from: 0, to: operations.count, by: pipelining).map {
      $0..<min($0 + pipelining, operations.count)
    }
    let clients = min(connections, batches.count)

    var answers = [RecordedAnswer?](repeating: nil, count: operations.count)
    var latency = LatencyRecord()
    var failures: [any Error] = []
    var wasAsked = false
    try await withThrowingTaskGroup(of: ReplayClient.self) { group in
      for number in 0..<clients {
        let own = stride(from: number, to: batches.count, by: clients).map { batches[$0] }
        group.addTask { [timeout, now] in
          var client = ReplayClient(timeout: timeout, deadline: deadline, now: now)
          try await client.ask(own, of: operations, on: store)
          return client
        }
      }
      for try await client in group {
        for (index, answer) in client.answers { answers[index] = answer }
        for elapsed in client.latencies { latency.record(elapsed) }
        if let failure = client.failure { failures.append(failure) }
        wasAsked = wasAsked || client.wasAsked
      }
    }
    if let failure = failures.first, !wasAsked { throw failure }

    let asked = operations.indices.filter { answers[$0] != nil }
    return ReplayResult(
      operations: asked.map { operations[$0] }, answers: asked.compactMap { answers[$0] },
      unasked: operations.count - asked.count,
      latency: latency, elapsed: now() - start)
  }
}
