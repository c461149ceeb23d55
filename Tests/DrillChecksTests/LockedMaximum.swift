import Synchronization

/// The largest of the numbers noted from any thread.
final class LockedMaximum: Sendable {
  private let largest = Mutex<UInt64>(0)
  func note(_ number: UInt64) { largest.withLock { $0 = max($0, number) } }
  var value: UInt64 { largest.withLock { $0 } }
}
