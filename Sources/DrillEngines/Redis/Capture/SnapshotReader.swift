internal import Dispatch
internal import DrillModel
internal import Foundation
internal import Synchronization

/// Reads a snapshot while it comes, with nothing stored: the reader works on a thread of its own and hands its batches
/// to the task that wants them.
struct SnapshotReader {
  let link: ReplicationLink
  let queue: SnapshotQueue

  /// Batches that may wait for the task.
  private static let waiting = 4

  /// What both sides hold: room for batches, whether the task still wants any, and what the reader came to.
  private final class Exchange: Sendable {
    let room = DispatchSemaphore(value: 0)
    let isOver = Mutex(false)
    let outcome = Mutex<Result<ReadFacts, any Error>?>(nil)

    init() {
      // Not as the semaphore's first value: one that is given up below that value ends the process.
      for _ in 0..<SnapshotReader.waiting { room.signal() }
    }
  }

  /// - Throws: `DrillError` where the stream ends before the snapshot does; what `handler` throws.
  func read(selection: RecordSelection, into handler: RecordHandler) async throws -> ReadFacts {
    let exchange = Exchange()
    let (batches, intake) = AsyncStream.makeStream(of: RecordBatch.self)
    let queue = self.queue
    Thread.detachNewThread {
      let result = Result {
        try RDBReader().read(SnapshotQueueSource(queue: queue), selection: selection) { batch in
          exchange.room.wait()
          guard !exchange.isOver.withLock({ $0 }) else { throw CancellationError() }
          intake.yield(batch)
        }
      }
      exchange.outcome.withLock { $0 = result }
      intake.finish()
    }
    do {
      for await batch in batches {
        try handler(batch)
        exchange.room.signal()
      }
    } catch {
      await stop(exchange)
      throw error
    }
    guard let result = exchange.outcome.withLock({ $0 }) else {
      // The task was cancelled: its stream ended before the reader did.
      await stop(exchange)
      throw CancellationError()
    }
    return try result.get()
  }

  /// Lets the reader's thread come to its end: it waits for room, or for bytes, and finds neither.
  private func stop(_ exchange: Exchange) async {
    exchange.isOver.withLock { $0 = true }
    exchange.room.signal()
    await link.close()
  }
}
