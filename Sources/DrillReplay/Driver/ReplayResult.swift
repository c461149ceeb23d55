public import DrillModel

/// What came of putting operations to a store.
public struct ReplayResult: Equatable, Sendable {
  /// The operations that were asked, in the order in which they were given.
  public var operations: [Operation]
  /// As many as ``operations``, in their order.
  public var answers: [RecordedAnswer]
  /// Operations that the time budget left unasked.
  public var unasked: Int
  /// Latency of the operations that were answered; time-outs and lost connections are in ``answers`` alone.
  public var latency: LatencyRecord
  /// From opening the first connection to the last reply.
  public var elapsed: Duration

  public init(
    operations: [Operation], answers: [RecordedAnswer], unasked: Int, latency: LatencyRecord, elapsed: Duration
  ) {
    self.operations = operations
    self.answers = answers
    self.unasked = unasked
    self.latency = latency
    self.elapsed = elapsed
  }

  /// Operations whose reply could not be judged.
  public var indeterminate: Int { answers.count { $0.digest == nil } }

  /// Operations and answers as a captured reference keeps them.
  public func sheet(workload: String, seed: UInt64) -> AnswerSheet {
    AnswerSheet(
      workload: workload, seed: seed, operations: operations, answers: answers, unasked: unasked,
      latency: latency.count == 0 ? nil : latency.summary(side: "reference"))
  }
}
