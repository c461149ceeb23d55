import DrillEvidence
import DrillModel
import Synchronization

/// Keeps what the ledger says in memory and follows its growth, so that a page never waits for the disk.
///
/// Reading and concluding happen in this actor, beside the requests, which take whatever was published last.
actor LedgerWatch {
  /// What pages are made of: the memory, and whether it is up to date.
  struct View: Sendable {
    var memory = LedgerMemory()
    /// When the ledger was last read without a problem.
    var readAt: Instant?
    /// Why it cannot be read now; what is shown is older then.
    var problem: String?
  }

  nonisolated let ledger: Ledger
  private var memory = LedgerMemory()
  private let published = Mutex(View())

  init(_ ledger: Ledger) { self.ledger = ledger }

  nonisolated var view: View { published.withLock { $0 } }

  /// Reads all of it.
  ///
  /// - Throws: `DrillError`: `ledger-damaged`.
  func begin(at now: Instant = .now) throws {
    _ = try memory.extend(from: ledger, at: now)
    publish(at: now)
  }

  /// Reads what was appended since; a problem is published, and what was known stays.
  func refresh(at now: Instant = .now) {
    do {
      if try memory.extend(from: ledger, at: now) {
        publish(at: now)
      } else {
        published.withLock {
          $0.readAt = now
          $0.problem = nil
        }
      }
    } catch {
      let problem = (error as? DrillError)?.description ?? "\(error)"
      published.withLock { $0.problem = problem }
    }
  }

  private func publish(at now: Instant) {
    let view = View(memory: memory, readAt: now, problem: nil)
    published.withLock { $0 = view }
  }

  /// Refreshes once a second until the task is cancelled.
  func follow() async {
    while !Task.isCancelled {
      do { try await Task.sleep(for: .seconds(1)) } catch { return }
      refresh()
    }
  }
}
