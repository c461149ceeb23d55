internal import DrillModel

/// The shape of a workload: which questions in which proportion, about which keys, by how many clients.
///
/// `workloads/README.md` documents the YAML form of every field. With a ``WorkloadKeys`` and a seed it becomes an
/// ``OperationStream``.
public struct WorkloadProfile: Hashable, Sendable {
  public var name: String
  /// The engine whose questions these are: `redis`, `sqlite`.
  public var engine: String
  /// How many operations to ask.
  public var operations: Int
  /// The questions; an operation is one of them with a probability in proportion to its weight.
  public var mix: [WeightedQuestion]
  public var keys: KeyDistribution
  /// The share of operations about keys that the store does not hold, 0 to 1.
  public var absentShare: Double
  /// Clients that ask at the same time.
  public var connections: Int
  /// Operations that each client sends before it waits for their replies.
  public var pipelining: Int
  /// How long an operation may take before its reply is indeterminate.
  public var timeout: Duration
  /// Operations start when the rate says so, whether earlier ones are answered or not; nil: each client waits for its
  /// replies (a closed loop).
  public var rate: OfferedRate?
  /// How long the operations of an open loop go on, instead of how many there are.
  public var duration: Duration?
  /// What a client of a closed loop waits between batches.
  public var thinkTime: ThinkTime?
  /// Writes, for the load of a sandbox alone: no operation is ever made of them, and ``SandboxLoad`` is the only thing
  /// that reads them.
  public var writes: [WeightedWrite] = []

  public init(
    name: String, engine: String, operations: Int, mix: [WeightedQuestion], keys: KeyDistribution = .uniform,
    absentShare: Double = 0, connections: Int = 4, pipelining: Int = 16, timeout: Duration = .seconds(2)
  ) {
    self.name = name
    self.engine = engine
    self.operations = operations
    self.mix = mix
    self.keys = keys
    self.absentShare = absentShare
    self.connections = connections
    self.pipelining = pipelining
    self.timeout = timeout
  }

  /// What makes no sense in this profile; empty: it can be used.
  public var problems: [Problem] {
    var problems: [Problem] = []
    func require(_ holds: Bool, _ field: String, _ detail: String) {
      if !holds { problems.append(Problem(field: field, detail: detail)) }
    }
    require((1...100_000_000).contains(operations), "operations", "must be from 1 to 100000000")
    require((1...4096).contains(connections), "connections", "must be from 1 to 4096")
    require((1...100_000).contains(pipelining), "pipelining", "must be from 1 to 100000")
    require(timeout > .zero, "timeout", "must be above zero")
    require((0...1).contains(absentShare), "absent", "must be a share from 0 to 1")
    if let detail = keys.problem { require(false, "keys", detail) }
    problems += rate?.problems ?? []
    require(
      rate == nil || thinkTime == nil, "think_time",
      "is of a closed loop, whose clients wait for their replies; with 'rate' operations start by the schedule: give one of the two"
    )
    if let thinkTime {
      require(
        thinkTime.mean > .zero && thinkTime.mean <= .seconds(3600), "think_time", "must be above zero and at most 1h")
    }
    if let duration {
      require(
        rate != nil, "duration",
        "needs 'rate': a closed loop asks its operations, however long that takes (see 'budget')"
      )
      require(duration > .zero, "duration", "must be above zero")
      require(
        duration.seconds * (rate?.operationsPerSecond ?? 1) * (rate?.curve?.factors.max() ?? 1) <= 1e8, "duration",
        "times the highest rate must make at most 100000000 operations")
    }
    for (index, entry) in writes.enumerated() {
      let field = "writes[\(index)]"
      require((1...1_000_000).contains(entry.weight), "\(field).weight", "must be a whole number from 1 to 1000000")
      require(engine == "redis", "writes", "are for redis alone: a restored SQLite file is read where it lies")
      for problem in entry.problems { require(false, "\(field).\(problem.field)", problem.detail) }
    }
    require(!mix.isEmpty, "mix", "must name at least one operation")
    require(mix.isEmpty || mix.contains { $0.weight > 0 }, "mix", "must give at least one operation a weight above 0")
    for (index, entry) in mix.enumerated() {
      let field = "mix[\(index)]"
      require((0...1_000_000).contains(entry.weight), "\(field).weight", "must be a whole number from 0 to 1000000")
      require(!mix[..<index].contains { $0.name == entry.name }, "\(field).name", "stands in the mix twice")
      for problem in entry.question.problems { require(false, "\(field).\(problem.field)", problem.detail) }
      require(
        entry.question.engine == engine, field,
        "is a question for \(entry.question.engine), but the profile is for \(engine)")
    }
    return problems
  }

  /// How many operations to ask under `seed`: as many as the schedule brings within ``duration``, where there is one.
  ///
  /// - Complexity: O(operations) where there is a duration.
  public func operationCount(seed: UInt64) -> Int {
    guard let rate, let duration else { return operations }
    let end = UInt64(max(0, duration.seconds) * 1e9)
    var count = 0
    for time in ArrivalTimes(rate, seed: seed) {
      guard time < end else { break }
      count += 1
    }
    return count
  }

  /// One thing that is wrong with a profile.
  public struct Problem: Hashable, Sendable {
    /// The field's place in the YAML form: `mix[2].count`.
    public var field: String
    /// What it must be, to be read after the field's name.
    public var detail: String
  }
}

/// A question of a mix with its share.
public struct WeightedQuestion: Hashable, Sendable {
  /// Unique in its mix; the name of the operations that it makes.
  public var name: String
  /// Its share is its weight over the sum of weights.
  public var weight: Int
  public var question: Question

  public init(name: String, weight: Int, _ question: Question) {
    self.name = name
    self.weight = weight
    self.question = question
  }
}

/// What is asked about a key.
public enum Question: Hashable, Sendable {
  case redis(RedisQuestion)
  case sql(SQLQuestion)

  /// The engine that can answer it.
  public var engine: String {
    switch self {
    case .redis: "redis"
    case .sql: "sqlite"
    }
  }

  var problems: [WorkloadProfile.Problem] {
    switch self {
    case .redis(let question): question.problems
    case .sql(let question): question.problems
    }
  }

  /// Whether it can be asked about a key of this kind and namespace.
  func accepts(_ entry: WorkloadKeys.Entry) -> Bool {
    switch self {
    case .redis(let question): question.accepts(entry)
    case .sql(let question): question.accepts(entry)
    }
  }
}
