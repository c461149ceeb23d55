internal import Dispatch
internal import Synchronization

/// Bytes of a snapshot on their way from a link's event loop to a reader that waits for them on a thread of its own;
/// bounded, so that a slow reader slows the link
/// and not the memory.
final class SnapshotQueue: ReplicationSink {
  private struct State {
    var chunks: [[UInt8]] = []
    /// Bytes of the first chunk that were read already.
    var taken = 0
    var bytes = 0
    var hasEnded = false
    var error: (any Error)?
    var isReaderWaiting = false
    var callback: (@Sendable () -> Void)?
  }

  private let limit: Int
  private let state = Mutex(State())
  private let arrival = DispatchSemaphore(value: 0)

  init(limit: Int = 8 << 20) {
    self.limit = limit
  }

  func take(_ bytes: UnsafeRawBufferPointer) throws {
    wake { state in
      state.chunks.append(Array(bytes))
      state.bytes += bytes.count
    }
  }

  func end(_ error: (any Error)?) {
    wake { state in
      guard !state.hasEnded else { return }
      state.hasEnded = true
      state.error = error
    }
  }

  var hasRoom: Bool { state.withLock { $0.bytes < limit } }

  func onRoom(_ callback: @escaping @Sendable () -> Void) {
    state.withLock { $0.callback = callback }
  }

  /// Waits for bytes; 0 at the end. Blocks its thread.
  ///
  /// - Throws: why the link ended before the snapshot did.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      let (count, error, callback) = state.withLock { state -> (Int?, (any Error)?, (@Sendable () -> Void)?) in
        guard let first = state.chunks.first else {
          if state.hasEnded { return (0, state.error, nil) }
          state.isReaderWaiting = true
          return (nil, nil, nil)
        }
        let count = min(first.count - state.taken, buffer.count)
        first.withUnsafeBytes { bytes in
          UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
            .copyBytes(from: UnsafeRawBufferPointer(rebasing: bytes[state.taken..<state.taken + count]))
        }
        let wasFull = state.bytes >= limit
        state.taken += count
        state.bytes -= count
        if state.taken == first.count {
          state.chunks.removeFirst()
          state.taken = 0
        }
        return (count, nil, wasFull && state.bytes < limit ? state.callback : nil)
      }
      callback?()
      if let error { throw error }
      if let count { return count }
      arrival.wait()
    }
  }

  private func wake(_ change: (inout State) -> Void) {
    let isWaiting = state.withLock { state in
      change(&state)
      defer { state.isReaderWaiting = false }
      return state.isReaderWaiting
    }
    if isWaiting { arrival.signal() }
  }
}

/// A queue as a reader's source.
struct SnapshotQueueSource: ByteSource {
  let queue: SnapshotQueue

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int { try queue.read(into: buffer) }
}
