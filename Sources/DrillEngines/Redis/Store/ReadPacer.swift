internal import DrillModel

/// Holds reads of one live server to a rate, and to less when it grows slow.
///
/// The server's time per read is compared with the best that was seen. Where it is more than four times that (and more
/// than what noise explains), the pause before the next reads grows; where it is not, the pause shrinks.
actor ReadPacer {
  private let readsPerSecond: Double?
  private var next = ContinuousClock.now
  private var best: Duration?
  private(set) var backOff = Duration.zero

  private static let longestBackOff = Duration.seconds(1)
  private static let noise = Duration.microseconds(200)

  init(readsPerSecond: Int?) { self.readsPerSecond = readsPerSecond.map { Double(max($0, 1)) } }

  /// How many reads may be sent together, so that the rate holds within a second too.
  nonisolated var burst: Int { readsPerSecond.map { max(1, Int($0 / 10)) } ?? .max }

  /// Waits until `reads` more may be sent.
  ///
  /// - Throws: `CancellationError`.
  func wait(for reads: Int) async throws {
    let now = ContinuousClock.now
    let start = max(next, now) + backOff
    next = start + (readsPerSecond.map { .seconds(Double(reads) / $0) } ?? .zero)
    if start > now { try await Task.sleep(until: start, clock: .continuous) }
  }

  /// Learns how long `reads` took that were sent together.
  func observe(_ reads: Int, took elapsed: Duration) {
    guard reads > 0 else { return }
    let each = elapsed / reads
    let least = min(best ?? each, each)
    best = least
    if each > least * 4 + ReadPacer.noise {
      backOff = min(max(backOff * 2, .milliseconds(1)), ReadPacer.longestBackOff)
    } else {
      backOff = backOff < .milliseconds(1) ? .zero : backOff / 2
    }
  }
}
