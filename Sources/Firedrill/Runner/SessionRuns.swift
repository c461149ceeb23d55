import DrillModel
import Synchronization

/// The runs of one session. The first begins before anything is made or captured, so that whatever goes wrong then has a run to stand in.
final class SessionRuns: Sendable {
  /// A run that is in the ledger, or, where that failed, not.
  struct Begun: Sendable {
    var draft: RunDraft
    var began: Bool
  }

  private let state: Mutex<(first: Begun?, outcomes: [DrillOutcome])>

  init(first: Begun) { state = Mutex((first, [])) }

  /// The run that is begun and waits for a backup; nil once it has been taken.
  func takeFirst() -> Begun? {
    state.withLock { state in
      defer { state.first = nil }
      return state.first
    }
  }

  func add(_ outcome: DrillOutcome) { state.withLock { $0.outcomes.append(outcome) } }

  var outcomes: [DrillOutcome] { state.withLock(\.outcomes) }
}
