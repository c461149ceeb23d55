import DrillModel
import Synchronization

/// Tells whoever listens how many operations of a replay were put so far.
final class AnswerProgress: Sendable {
  private let counted = Atomic<UInt64>(0)
  private let total: UInt64
  private let events: DrillEventHandler

  init(of total: Int, _ events: @escaping DrillEventHandler) {
    self.total = UInt64(total)
    self.events = events
  }

  func count(_ more: Int) {
    let (_, now) = counted.add(UInt64(more), ordering: .relaxed)
    events(.progress(.replay, done: now, total: total, unit: .answers))
  }
}
