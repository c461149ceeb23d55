import DrillEngines
import DrillModel
import Foundation

/// The engines that this program brings.
///
/// One value serves a whole session: an engine knows its own sandboxes, and refuses one as a live store.
struct Engines: Sendable {
  fileprivate let redis = RedisEngine()
  fileprivate let sqlite = SQLiteEngine()

  func named(_ name: String) throws -> any Engine {
    switch name {
    case "redis": return redis
    case "sqlite": return sqlite
    default:
      throw DrillError(.usage, subject: name, detail: "there is no engine of this name; known are redis and sqlite")
    }
  }
}

extension Engines {
  /// Those that know their artifacts among files that another tool made.
  var foreign: [any ForeignArtifacts] { [redis, sqlite] }

  /// The one whose form of a topology `text` has; any other reads our own form as well.
  func readingTopology(_ text: String) throws -> any ForeignArtifacts {
    try foreign.first { try $0.statedTopology(in: text) != nil } ?? sqlite
  }
}

/// Runs blocking work on a thread of its own, so that it holds none of the threads that tasks share.
///
/// - Parameter onCancel: called when the task is cancelled; the work has to end by itself then.
func onThread<R: Sendable>(
  _ work: @escaping @Sendable () throws -> R, onCancel: @escaping @Sendable () -> Void = {}
) async throws -> R {
  try await withTaskCancellationHandler {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<R, any Error>) in
      let thread = Thread { continuation.resume(with: Result { try work() }) }
      thread.stackSize = 8 << 20
      thread.start()
    }
  } onCancel: {
    onCancel()
  }
}

/// The same for work that cannot fail.
func onThread<R: Sendable>(
  _ work: @escaping @Sendable () -> R, onCancel: @escaping @Sendable () -> Void = {}
) async -> R {
  await withTaskCancellationHandler {
    await withCheckedContinuation { (continuation: CheckedContinuation<R, Never>) in
      let thread = Thread { continuation.resume(returning: work()) }
      thread.start()
    }
  } onCancel: {
    onCancel()
  }
}

/// The processors of this machine.
var processorCount: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }
