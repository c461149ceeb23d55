/// What a drill says while it runs. Whoever listens renders it: a terminal, a dashboard, nobody.
public enum DrillEvent: Sendable {
  case started(Stage, detail: String)
  /// Work done so far in the stage; `total` where it is known.
  case progress(Stage, done: UInt64, total: UInt64?, unit: Coverage.Unit)
  case finished(Stage, elapsed: Duration)
  /// A sentence that a person should see while waiting.
  case note(String)
  case found(Finding)
}

public typealias DrillEventHandler = @Sendable (DrillEvent) -> Void
