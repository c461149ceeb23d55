public import DrillModel

/// What came of commands that were sent together.
public struct RedisReplies: Sendable {
  /// The replies that came, in the order of their commands; errors of single commands are among them.
  public var values: [RESPValue]
  /// As many as ``values``: the time from writing all commands to having read the reply.
  public var elapsed: [Duration]
  /// Why there are fewer values than commands: `timed-out`, `unreachable`, `protocol-violation`, `interrupted`. Nil:
  /// all are there.
  public var failure: DrillError?

  public init(values: [RESPValue], elapsed: [Duration], failure: DrillError?) {
    self.values = values
    self.elapsed = elapsed
    self.failure = failure
  }
}
