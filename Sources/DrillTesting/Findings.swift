import Synchronization

/// Violations as they are found; each once.
final class Findings: Sendable {
  private let found = Mutex<[Violation]>([])

  func add(_ obligation: Obligation, _ detail: String) {
    let violation = Violation(obligation, detail)
    found.withLock { if !$0.contains(violation) { $0.append(violation) } }
  }

  var all: [Violation] { found.withLock { $0 } }
}
