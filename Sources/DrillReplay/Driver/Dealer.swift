internal import DrillModel
internal import Synchronization

/// Says which operations a client puts next, and when.
///
/// In a closed loop batches are dealt to the clients in turn, so that which client asks what depends on nothing but the
/// operations. In an open loop the next operation goes to whichever client is free when it is due, with as many more as
/// are due by then and fit into a batch; nothing moves an operation's intended start.
final class Dealer: Sendable {
  enum Deal: Equatable {
    case batch(Range<Int>)
    /// Of an operation that is dealt already, but not due yet.
    case early(Range<Int>, until: ContinuousClock.Instant)
    case over
  }

  let start: ContinuousClock.Instant
  /// Nanoseconds from ``start``, one for each operation; nil: a closed loop.
  let arrivals: [UInt64]?
  private let count: Int
  private let pipelining: Int
  private let clients: Int
  /// When the last operations are no more sent that could not be sent in time, in an open loop.
  private let end: ContinuousClock.Instant?
  /// The next operation of an open loop, or one that a client puts back.
  private let cursor = Mutex(0)

  init(
    count: Int, pipelining: Int, clients: Int, start: ContinuousClock.Instant, arrivals: [UInt64]? = nil,
    patience: Duration = .zero
  ) {
    precondition(arrivals.map { $0.count == count } ?? true)
    self.count = count
    self.pipelining = pipelining
    self.clients = clients
    self.start = start
    self.arrivals = arrivals
    end = arrivals.map { start + .nanoseconds($0.last ?? 0) + patience }
  }

  /// - Parameter turn: how many batches the client got before.
  func next(for client: Int, turn: Int, now: ContinuousClock.Instant) -> Deal {
    guard let arrivals else {
      let first = (turn * clients + client) * pipelining
      return first < count ? .batch(first..<min(first + pipelining, count)) : .over
    }
    if let end, now > end { return .over }
    let elapsed = (now - start).nanoseconds
    return cursor.withLock { next in
      guard next < count else { return .over }
      let first = next
      next += 1
      guard arrivals[first] <= elapsed else {
        return .early(first..<next, until: start + .nanoseconds(arrivals[first]))
      }
      while next < count, next - first < pipelining, arrivals[next] <= elapsed { next += 1 }
      return .batch(first..<next)
    }
  }

  /// Whether nothing is left to deal to a client that got `turn` batches.
  func isOver(for client: Int, turn: Int) -> Bool {
    arrivals == nil
      ? (turn * clients + client) * pipelining >= count : cursor.withLock { $0 } >= count
  }

  func intended(_ index: Int) -> ContinuousClock.Instant? { arrivals.map { start + .nanoseconds($0[index]) } }

  /// Operations that no client was dealt, in an open loop.
  var undealt: Range<Int> { arrivals == nil ? count..<count : cursor.withLock { $0 }..<count }

  /// The operations of a closed loop that a client is dealt from its turn `turn` on.
  func rest(for client: Int, turn: Int) -> [Range<Int>] {
    guard arrivals == nil else { return [] }
    return stride(from: (turn * clients + client) * pipelining, to: count, by: clients * pipelining).map {
      $0..<min($0 + pipelining, count)
    }
  }
}

extension Duration {
  /// Whole nanoseconds, from 0 on.
  var nanoseconds: UInt64 {
    guard self > .zero else { return 0 }
    let (seconds, attoseconds) = components
    return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds) / 1_000_000_000
  }

  static func nanoseconds(_ count: UInt64) -> Duration { .nanoseconds(Int64(clamping: count)) }
}
