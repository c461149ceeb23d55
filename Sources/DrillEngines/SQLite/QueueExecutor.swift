import Dispatch
import DrillModel

/// Runs an actor's work on a serial queue of its own, so that calls which block (SQLite waits for locks and disks)
/// never hold a thread of the cooperative pool.
package final class QueueExecutor: SerialExecutor {
  private let queue: DispatchQueue

  package init(label: String) { queue = DispatchQueue(label: label) }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }

  package func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }

  /// Runs `work` on the queue at `deadline`, behind whatever runs there then.
  package func schedule(at deadline: ContinuousClock.Instant, _ work: @escaping @Sendable () -> Void) {
    let delay = max(0, (deadline - .now).milliseconds)
    queue.asyncAfter(deadline: .now() + .microseconds(Int(delay * 1000)), execute: work)
  }
}
