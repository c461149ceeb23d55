import Dispatch

/// Runs the steps of a cut on a thread of its own: while production's writers wait, no other work of this process may
/// come between one step and the next.
final class CutExecutor: TaskExecutor {
  private let queue = DispatchQueue(label: "firedrill.sqlite.cut", qos: .userInteractive)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
