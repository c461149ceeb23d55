import Dispatch
import Foundation

/// Runs `body` so that Ctrl-C and SIGTERM cancel it: everything that it opened closes on the way out. A second signal ends the process at once.
func interruptible<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) async throws -> R {
  let task = Task { try await body() }
  let sources = [SIGINT, SIGTERM, SIGHUP].map { number in
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler {
      if task.isCancelled { _exit(130) }
      Terminal.complain("stopping; removing what was started (once more: stop at once)")
      task.cancel()
    }
    source.resume()
    return source
  }
  defer { for source in sources { source.cancel() } }
  do {
    return try await task.value
  } catch {
    // Whatever stumbled over the cancellation: what the person has to know is that it was stopped.
    if task.isCancelled { throw CancellationError() }
    throw error
  }
}
