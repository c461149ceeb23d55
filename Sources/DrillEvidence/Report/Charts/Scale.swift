import Foundation

/// A linear axis from zero, with round numbers at its marks.
struct Scale {
  /// The value at the axis' end: the last mark.
  let top: Double
  let marks: [Double]

  /// - Parameters:
  ///   - maximum: the largest value to show; at least it lies on the axis.
  ///   - count: about how many marks there should be beside zero.
  init(upTo maximum: Double, marks count: Int = 4) {
    let reach = maximum.isFinite && maximum > 0 ? maximum : 1
    let rough = reach / Double(count)
    let power = pow(10, log10(rough).rounded(.down))
    let step = [1, 2, 2.5, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999_999 } ?? 10 * power
    let steps = max(Int((reach / step - 1e-9).rounded(.up)), 1)
    marks = (0...steps).map { Double($0) * step }
    top = Double(steps) * step
  }

  /// Where a value lies on an axis of this length.
  func position(_ value: Double, on length: Double) -> Double { min(max(value / top, 0), 1) * length }
}

/// The unit in which durations of one chart are labelled.
enum TimeUnit: String {
  case microseconds = "µs"
  case milliseconds = "ms"
  case seconds = "s"
  case minutes = "min"
  case hours = "h"

  /// The one in which the largest value has few digits.
  init(forMilliseconds maximum: Double) {
    switch maximum {
    case ..<1: self = .microseconds
    case ..<1500: self = .milliseconds
    case ..<180_000: self = .seconds
    case ..<10_800_000: self = .minutes
    default: self = .hours
    }
  }

  var milliseconds: Double {
    switch self {
    case .microseconds: 0.001
    case .milliseconds: 1
    case .seconds: 1000
    case .minutes: 60_000
    case .hours: 3_600_000
    }
  }

  func value(_ milliseconds: Double) -> Double { milliseconds / self.milliseconds }
}

extension Double {
  /// `2.5`, `10`: as a mark of an axis.
  var markText: String {
    self >= 1000 ? Format.count(Int64(self.rounded())) : SVG.number(self)
  }
}
