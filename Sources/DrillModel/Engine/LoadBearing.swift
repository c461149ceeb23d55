/// A sandbox that can be written to while it is asked, once everything that its contents are held against is done.
///
/// A live store never conforms to it: there is no call that takes a write to one.
public protocol LoadBearing: Sandbox {
  /// Lets writes in for the time of `body`, and shuts them out again.
  ///
  /// MUST bound the memory that writes can take; a write beyond it is answered as refused for want of memory.
  ///
  /// - Throws: `DrillError`; what `body` throws.
  func withLoad<R: Sendable>(_ body: (any LoadedStore) async throws -> R) async throws -> R
}

/// A sandbox that lets writes in.
public protocol LoadedStore: Sendable {
  func openLoadSession() throws -> any LoadSession
}

/// One client of a sandbox under load, used by the thread that opened it.
public protocol LoadSession: AnyObject {
  /// As ``DirectSession/perform(_:next:timeout:_:)``, and nothing is sent ahead. The answer to a write is that it was taken, or why not.
  func perform(
    _ steps: ArraySlice<LoadStep>, timeout: Duration, _ handler: (_ index: Int, RecordedAnswer, UInt64) -> Void)
  /// As ``DirectSession/interrupt``.
  var interrupt: @Sendable () -> Void { get }
  func close()
}
