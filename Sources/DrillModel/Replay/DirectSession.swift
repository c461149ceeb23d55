/// A store that a thread of the caller's own can ask: no task switch stands between a question and its answer, and none
/// is in the latency.
public protocol DirectStore: Store {
  /// Whether this store can be asked so; otherwise only ``Store/withSession(_:)`` is left.
  var answersDirectly: Bool { get }

  /// Opens a client's connections, for the thread that calls.
  ///
  /// - Precondition: ``answersDirectly``.
  /// - Throws: `DrillError` as ``Store/withSession(_:)`` does where it connects.
  func openDirectSession() throws -> any DirectSession
}

/// One client of a store, used by the thread that opened it.
public protocol DirectSession: AnyObject {
  /// Puts the operations in order, pipelined, each to the shard that owns its slot, and waits for all: as
  /// ``StoreSession/perform(_:timeout:)``, with digests instead of answers.
  ///
  /// `handler` gets each operation's index once, in any order, with its answer and the nanoseconds from sending the
  /// batch to having read the reply.
  ///
  /// - Parameter next: what will be put next if all is well: it MAY be sent once the last reply is read, before the
  ///   answers are worked out, so that the store need not wait for that. Empty where the caller wants none of it.
  func perform(
    _ operations: ArraySlice<Operation>, next: ArraySlice<Operation>, timeout: Duration,
    _ handler: (_ index: Int, RecordedAnswer, UInt64) -> Void)

  /// Makes a call that waits return soon, with indeterminate answers; may be called from any thread, and after
  /// ``close()``.
  var interrupt: @Sendable () -> Void { get }

  func close()
}
