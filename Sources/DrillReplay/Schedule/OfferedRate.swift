/// How many operations a second are put to a store, whether it keeps up or not (an open loop).
public struct OfferedRate: Hashable, Sendable {
  /// Operations a second; the daily curve's and the ramp's factors apply to it.
  public var operationsPerSecond: Double
  public var arrivals: Arrivals
  /// Nil: the rate is the same all day.
  public var curve: DailyCurve?
  public var ramp: Ramp?

  public init(
    _ operationsPerSecond: Double, arrivals: Arrivals = .constant, curve: DailyCurve? = nil, ramp: Ramp? = nil
  ) {
    self.operationsPerSecond = operationsPerSecond
    self.arrivals = arrivals
    self.curve = curve
    self.ramp = ramp
  }

  /// How operations follow each other at a given rate.
  public enum Arrivals: String, Sendable, CaseIterable {
    /// Evenly.
    case constant
    /// Each independent of the others, as of many people who know nothing of each other: gaps are exponential.
    case poisson
  }

  /// The rate grows evenly from `start` to its full height.
  public struct Ramp: Hashable, Sendable {
    public var duration: Duration
    /// Operations a second at the start.
    public var start: Double

    public init(_ duration: Duration, from start: Double = 0) {
      self.duration = duration
      self.start = start
    }
  }

  /// Makes it the rate of a share of the operations.
  public mutating func scale(by share: Double) {
    operationsPerSecond *= share
    ramp?.start *= share
  }

  /// The most operations a second that may be asked for.
  static let most = 10_000_000.0

  var problems: [WorkloadProfile.Problem] {
    var problems: [WorkloadProfile.Problem] = []
    if !(operationsPerSecond.isFinite && operationsPerSecond >= 0.001 && operationsPerSecond <= OfferedRate.most) {
      problems.append(.init(field: "rate", detail: "must be from 0.001 to 10000000 operations a second"))
    }
    if let detail = curve?.problem { problems.append(.init(field: "schedule", detail: detail)) }
    if let ramp {
      if !(ramp.start >= 0 && ramp.start < operationsPerSecond) {
        problems.append(.init(field: "ramp", detail: "must start from a rate of 0 or more, below 'rate'"))
      }
      if ramp.duration <= .zero || ramp.duration > .seconds(366 * 86_400) {
        problems.append(.init(field: "ramp", detail: "must take from 1 ms to 366 days"))
      }
    }
    return problems
  }
}
