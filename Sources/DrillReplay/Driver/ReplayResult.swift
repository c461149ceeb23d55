public import DrillModel

/// What came of putting operations to a store.
public struct ReplayResult: Equatable, Sendable {
  /// The operations that were asked, in the order in which they were given.
  public var operations: [Operation]
  /// As many as ``operations``, in their order.
  public var answers: [RecordedAnswer]
  /// Operations that were not asked: the time budget was spent, or in an open loop there was no room (see
  /// ``OfferedLoad/unsent``).
  public var unasked: Int
  /// Service time of the operations that were answered, from sending to reply; time-outs and lost connections are in
  /// ``answers`` alone.
  public var latency: LatencyRecord
  /// From opening the first connection to the last reply.
  public var elapsed: Duration
  /// How an open loop went; nil: it was a closed one.
  public var offered: OfferedLoad?
  /// Operations that were answered more than once: those that then had another answer are ``Reply/unsteady``.
  public var askedAgain = 0

  public init(
    operations: [Operation], answers: [RecordedAnswer], unasked: Int, latency: LatencyRecord, elapsed: Duration,
    offered: OfferedLoad? = nil
  ) {
    self.operations = operations
    self.answers = answers
    self.unasked = unasked
    self.latency = latency
    self.elapsed = elapsed
    self.offered = offered
  }

  /// Service time and, in an open loop, latency from intended starts, as a run keeps them; nil where nothing was
  /// answered.
  public func summary(side: String) -> Run.Latency? {
    guard latency.count > 0 else { return nil }
    var summary = latency.summary(side: side)
    summary.offered = offered?.summary
    return summary
  }

  /// Operations whose reply could not be judged.
  public var indeterminate: Int { answers.count { $0.digest == nil } }

  /// Operations and answers as a captured reference keeps them.
  public func sheet(workload: String, seed: UInt64) -> AnswerSheet {
    var sheet = AnswerSheet(
      workload: workload, seed: seed, operations: operations, answers: answers, unasked: unasked,
      latency: summary(side: "reference"))
    sheet.askedAgain = askedAgain > 0 ? askedAgain : nil
    return sheet
  }
}
