internal import DrillModel

/// Holds reads of one live server to a rate, and to less when it grows slow.
///
/// The server's time per read is compared with the best that was seen for about as many reads at once: a single read
/// costs a whole round trip, a thousand share one. Where it is more than four times that (and more than what noise
/// explains), the pause before the next reads grows, but never beyond four times what the last ones took: some kinds of
/// reads are slow by nature, and those must come to an end as well. Where it is not, the pause shrinks.
actor ReadPacer {
  private let readsPerSecond: Double?
  private var next = ContinuousClock.now
  /// By the number of bits of the number of reads.
  private var best: [Int: Duration] = [:]
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
    let size = Int.bitWidth - reads.leadingZeroBitCount
    let least = min(best[size] ?? each, each)
    best[size] = least
    if each > least * 4 + ReadPacer.noise {
      backOff = min(max(backOff * 2, .milliseconds(1)), elapsed * 4, ReadPacer.longestBackOff)
    } else {
      backOff = backOff < .milliseconds(1) ? .zero : backOff / 2
    }
  }
}
