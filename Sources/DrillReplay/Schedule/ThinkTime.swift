internal import DrillModel
internal import Foundation

/// How long a client of a closed loop waits between a batch's last reply and its next batch.
public enum ThinkTime: Hashable, Sendable {
  case constant(Duration)
  /// Exponential with this mean.
  case exponential(Duration)

  var mean: Duration {
    switch self {
    case .constant(let time), .exponential(let time): time
    }
  }

  func next(_ generator: inout SeededGenerator) -> Duration {
    switch self {
    case .constant(let time): time
    case .exponential(let mean): .nanoseconds(Int64((-log(1 - generator.unit()) * mean.seconds * 1e9).rounded()))
    }
  }
}
