public import DrillModel

/// Puts operations to a store as so many clients do.
///
/// Without a rate each client asks its next batch once the last one is answered (a closed loop): batches of consecutive
/// operations are dealt to the clients in turn, so which client asks what depends on nothing but the operations. With a
/// rate each operation has an intended start, which nothing moves, and latency counts from there (an open loop). Answers
/// are kept as digests; whether they are right is not this side's business.
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
  /// Nil: a closed loop.
  public var rate: OfferedRate?
  /// What a client of a closed loop waits between two batches.
  public var thinkTime: ThinkTime?
  /// Fixes intended starts and times to think.
  public var seed: UInt64 = 0
  /// Told now and then how many operations more were put.
  public var progress: (@Sendable (Int) -> Void)?

  /// After so many batches in a row without one judgeable reply, each on a new session, a client stops asking: a store
  /// that is gone must not cost a time-out per batch.
  static let patience = 3
  /// Most clients that get a thread each; more of them are tasks.
  static let mostThreads = 64

  /// The monotonic clock, and how a task waits; tests move a clock of their own.
  var now: @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
  var sleep: @Sendable (ContinuousClock.Instant) async -> Void = {
    try? await Task.sleep(until: $0, tolerance: .zero, clock: .continuous)
  }

  /// - Precondition: `connections` and `pipelining` are above 0.
  public init(connections: Int, pipelining: Int, timeout: Duration, budget: Duration? = nil) {
    precondition(connections > 0 && pipelining > 0)
    self.connections = connections
    self.pipelining = pipelining
    self.timeout = timeout
    self.budget = budget
  }

  /// - Precondition: the profile has no ``WorkloadProfile/problems``.
  public init(_ profile: WorkloadProfile, seed: UInt64, budget: Duration? = nil) {
    self.init(
      connections: profile.connections, pipelining: profile.pipelining, timeout: profile.timeout, budget: budget)
    rate = profile.rate
    thinkTime = profile.thinkTime
    self.seed = seed
  }

  /// Asks all operations that the budget allows and waits for their replies.
  ///
  /// A lost session is opened anew; operations whose reply is lost are not asked again, and are indeterminate.
  /// - Throws: what the store threw where no session could be opened at all and nothing was asked; `CancellationError`
  ///   when the task is cancelled, after every session was closed.
  public func replay(_ operations: [Operation], on store: any Store) async throws -> ReplayResult {
    let direct = connections <= ReplayDriver.mostThreads ? store as? any DirectStore : nil
    let progress = try await run(count: operations.count) { client in
      if let direct, direct.answersDirectly {
        return try await client.asked { DirectLane(try direct.openDirectSession(), operations) }
      }
      var client = client
      try await client.ask(operations, on: store)
      return client
    }
    let asked = operations.indices.filter { progress.answers[$0] != nil }
    return ReplayResult(
      operations: asked.map { operations[$0] }, answers: asked.compactMap { progress.answers[$0] },
      unasked: operations.count - asked.count,
      latency: progress.serviceTime, elapsed: progress.elapsed, offered: progress.offered)
  }

  /// Puts a sandbox under load; its questions are answered as in ``replay(_:on:)``.
  ///
  /// - Throws: `CancellationError`; what the sandbox threw where nothing could be asked.
  public func load(_ load: SandboxLoad, on store: any LoadedStore) async throws -> LoadResult {
    let steps = load.steps
    let progress = try await run(count: steps.count) { client in
      try await client.asked { DirectLane(try store.openLoadSession(), steps) }
    }
    return LoadResult(steps: steps, progress)
  }

  struct Progress: Sendable {
    /// One place for each operation; nil: unasked.
    var answers: [RecordedAnswer?]
    var serviceTime = LatencyRecord()
    var offered: OfferedLoad?
    var elapsed: Duration = .zero
  }

  private func run(
    count: Int, _ ask: @escaping @Sendable (ReplayClient) async throws -> ReplayClient
  ) async throws -> Progress {
    var arrivals: [UInt64]?
    if let rate {
      var times = ArrivalTimes(rate, seed: seed)
      arrivals = (0..<count).map { _ in times.next() ?? 0 }
    }
    let start = now()
    let clients = min(connections, arrivals == nil ? (count + pipelining - 1) / pipelining : count)
    let dealer = Dealer(
      count: count, pipelining: pipelining, clients: max(clients, 1), start: start, arrivals: arrivals,
      patience: timeout)
    let terms = ReplayTerms(
      timeout: timeout, deadline: budget.map { start + $0 }, thinkTime: rate == nil ? thinkTime : nil, seed: seed,
      now: now, sleep: sleep, progress: progress)
    let ended = try await withThrowingTaskGroup(of: ReplayClient.self) { group in
      for number in 0..<clients {
        group.addTask { try await ask(ReplayClient(number: number, dealer: dealer, terms: terms)) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    let elapsed = now() - start
    if let failure = ended.compactMap(\.failure).first, !ended.contains(where: \.wasAsked) { throw failure }

    var progress = Progress(answers: Array(repeating: nil, count: count), elapsed: elapsed)
    for client in ended {
      for (index, answer) in client.answers { progress.answers[index] = answer }
      for time in client.serviceTimes { progress.serviceTime.record(nanoseconds: time) }
    }
    guard let arrivals else { return progress }
    if let last = ended.first(where: \.hasGivenUp), ended.allSatisfy(\.hasGivenUp) {
      for index in dealer.undealt {
        progress.answers[index] = RecordedAnswer(digest: nil, shape: "not asked any more: \(last.reasonToStop)")
      }
    }
    progress.offered = offered(arrivals, ended, progress, start: start, elapsed: elapsed)
    return progress
  }

  private func offered(
    _ arrivals: [UInt64], _ clients: [ReplayClient], _ progress: Progress, start: ContinuousClock.Instant,
    elapsed: Duration
  ) -> OfferedLoad {
    var latency = LatencyRecord()
    var lag = LatencyRecord()
    for client in clients {
      for time in client.latencies { latency.record(nanoseconds: time) }
      for time in client.lags { lag.record(nanoseconds: time) }
    }
    let due = elapsed.nanoseconds
    let end = clients.compactMap(\.lastReply).max() ?? start
    func rate(_ count: Int, over seconds: Double) -> Double { seconds > 0 ? Double(count) / seconds : 0 }
    // The last gap belongs to the schedule as well: n operations at an even rate take n gaps.
    let scheduled = Double(arrivals.last ?? 0) / 1e9
    let length = arrivals.count > 1 ? scheduled * Double(arrivals.count) / Double(arrivals.count - 1) : scheduled
    return OfferedLoad(
      latency: latency, generatorLag: lag, rateAsked: rate(arrivals.count, over: length),
      rateAchieved: rate(clients.reduce(0) { $0 + $1.serviceTimes.count }, over: max((end - start).seconds, length)),
      endedBehind: clients.compactMap(\.lastSent).max { $0.index < $1.index }?.behind ?? .zero,
      mostBehind: clients.map(\.mostBehind).max() ?? .zero,
      unsent: arrivals.indices.count { progress.answers[$0] == nil && arrivals[$0] <= due })
  }
}
