public import DrillModel

/// States that a run began. The details are the run's files by name, so that a run which was cut off can be run again too.
public struct RunStarted: LeafBody, Hashable {
  public static var kind: LeafKind { .runStarted }

  public var run: String
  public var drill: String
  public var cluster: String
  public var seed: UInt64
  public var startedAt: Instant
}
