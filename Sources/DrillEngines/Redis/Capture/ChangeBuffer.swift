internal import Synchronization

/// The commands that a replication link has received and nobody has taken yet. Full, it stops the link's reading: then
/// they wait in the server, whose own limits
/// (`client-output-buffer-limit replica`) hold.
final class ChangeBuffer: ReplicationSink {
  private struct State {
    var bytes: [UInt8] = []
    var error: (any Error)?
    var callback: (@Sendable () -> Void)?
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int = 16 << 20) {
    self.limit = limit
  }

  func take(_ bytes: UnsafeRawBufferPointer) throws {
    state.withLock { $0.bytes.append(contentsOf: bytes) }
  }

  func end(_ error: (any Error)?) {
    state.withLock { $0.error = $0.error ?? error }
  }

  var hasRoom: Bool { state.withLock { $0.bytes.count < limit } }

  func onRoom(_ callback: @escaping @Sendable () -> Void) {
    state.withLock { $0.callback = callback }
  }

  /// What has come since the last call; may be empty.
  ///
  /// - Throws: why the link ended, once all that came before has been taken.
  func takeAll() throws -> [UInt8] {
    let (bytes, error, callback) = state.withLock { state in
      let bytes = state.bytes
      state.bytes = []
      return (bytes, state.error, bytes.isEmpty ? nil : state.callback)
    }
    callback?()
    if bytes.isEmpty, let error { throw error }
    return bytes
  }
}
