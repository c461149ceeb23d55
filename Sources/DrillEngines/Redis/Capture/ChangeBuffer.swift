internal import DrillModel
internal import Synchronization

/// Bytes of a replication stream, with the seconds since 1970 in which they came.
struct ReceivedBytes: Hashable, Sendable {
  struct Second: Hashable, Sendable {
    /// Index of the first byte that came in it.
    var position: Int
    var second: Int64
  }

  var bytes: [UInt8] = []
  var seconds: [Second] = []

  mutating func append(_ more: UnsafeRawBufferPointer, at second: Int64) {
    if seconds.last?.second != second { seconds.append(Second(position: bytes.count, second: second)) }
    bytes.append(contentsOf: more)
  }
}

/// The commands that a replication link has received and nobody has taken yet. Full, it stops the link's reading: then
/// they wait in the server, whose own limits
/// (`client-output-buffer-limit replica`) hold.
final class ChangeBuffer: ReplicationSink {
  private struct State {
    var received = ReceivedBytes()
    var error: (any Error)?
    var callback: (@Sendable () -> Void)?
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int = 16 << 20) {
    self.limit = limit
  }

  func take(_ bytes: UnsafeRawBufferPointer) throws {
    let second = Instant.now.millisecondsSince1970 / 1000
    state.withLock { $0.received.append(bytes, at: second) }
  }

  func end(_ error: (any Error)?) {
    state.withLock { $0.error = $0.error ?? error }
  }

  var hasRoom: Bool { state.withLock { $0.received.bytes.count < limit } }

  func onRoom(_ callback: @escaping @Sendable () -> Void) {
    state.withLock { $0.callback = callback }
  }

  /// What has come since the last call; may be empty.
  ///
  /// - Throws: why the link ended, once all that came before has been taken.
  func takeAll() throws -> ReceivedBytes {
    let (received, error, callback) = state.withLock { state in
      let received = state.received
      state.received = ReceivedBytes()
      return (received, state.error, received.bytes.isEmpty ? nil : state.callback)
    }
    callback?()
    if received.bytes.isEmpty, let error { throw error }
    return received
  }
}
