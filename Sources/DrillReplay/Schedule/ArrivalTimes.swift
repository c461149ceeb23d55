internal import DrillModel
internal import Foundation

/// The intended starts of operations, in nanoseconds from the start of a replay, ascending: the same seed, the same
/// times.
///
/// Let L(t) be the number of operations that the rate brings until t, its integral. Where u runs through 0, 1, 2, … the
/// times at which L(t) = u are evenly spaced at the rate; where the gaps of u are exponential with mean 1, they are a
/// Poisson process of that rate. Both are exact whatever the curve and the ramp are.
///
/// Source: Kingman, "Poisson Processes" (1993), section 4.1, the mapping theorem in one dimension.
struct ArrivalTimes: Sequence, IteratorProtocol {
  private let rate: OfferedRate
  private var generator: SeededGenerator
  /// Where L stands for the next operation.
  private var target = 0.0
  /// The stretch of time that is looked at, within which the rate is linear, and L at its start.
  private var stretch: Stretch
  private var before = 0.0

  /// Times in seconds, rates in operations a second.
  private struct Stretch {
    var start: Double
    var end: Double
    var rate: Double
    var slope: Double

    /// The integral of the rate from the start on.
    func integral(over seconds: Double) -> Double { seconds * (rate + slope * seconds / 2) }
    var whole: Double { integral(over: end - start) }
  }

  init(_ rate: OfferedRate, seed: UInt64) {
    self.rate = rate
    generator = SeededGenerator(seed: seed, purpose: "arrivals")
    stretch = ArrivalTimes.stretch(of: rate, from: 0, hour: 0)
    hour = 0
    if rate.arrivals == .poisson { target = gap() }
  }

  /// The hour of the curve that ``stretch`` lies in, counted on from the first.
  private var hour: Int

  mutating func next() -> UInt64? {
    while target >= before + stretch.whole {
      before += stretch.whole
      let isHourOver = rate.curve.map { stretch.end >= ArrivalTimes.end(ofHour: hour, $0) } ?? false
      if isHourOver { hour += 1 }
      stretch = ArrivalTimes.stretch(of: rate, from: stretch.end, hour: hour)
    }
    let seconds = stretch.start + ArrivalTimes.time(to: target - before, in: stretch)
    target += rate.arrivals == .poisson ? gap() : 1
    return UInt64((seconds * 1e9).rounded())
  }

  /// Exponential with mean 1, never infinite: a unit draw is below 1.
  private mutating func gap() -> Double { -log(1 - generator.unit()) }

  private static func end(ofHour hour: Int, _ curve: DailyCurve) -> Double {
    Double(hour + 1) * curve.day.seconds / 24
  }

  /// The longest stretch from `start` on in which neither the hour nor the ramp ends.
  private static func stretch(of rate: OfferedRate, from start: Double, hour: Int) -> Stretch {
    var end = Double.infinity
    var factor = 1.0
    if let curve = rate.curve {
      end = ArrivalTimes.end(ofHour: hour, curve)
      factor = curve.factors[hour % 24]
    }
    let full = rate.operationsPerSecond * factor
    guard let ramp = rate.ramp, start < ramp.duration.seconds else {
      return Stretch(start: start, end: end, rate: full, slope: 0)
    }
    let length = ramp.duration.seconds
    let share = ramp.start / rate.operationsPerSecond
    let slope = full * (1 - share) / length
    return Stretch(start: start, end: Swift.min(end, length), rate: full * share + slope * start, slope: slope)
  }

  /// The time after the stretch's start at which its integral is `count`: the root of slope/2·t² + rate·t = count, in
  /// the form that loses no digits where the slope is small.
  private static func time(to count: Double, in stretch: Stretch) -> Double {
    guard count > 0 else { return 0 }
    let root = (stretch.rate * stretch.rate + 2 * stretch.slope * count).squareRoot()
    return Swift.min(2 * count / (stretch.rate + root), stretch.end - stretch.start)
  }
}
