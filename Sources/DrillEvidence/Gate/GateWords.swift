import DrillModel

/// Words of requirements and measurements.
enum GateWords {
  static func duration(_ duration: Duration) -> String { Format.duration(ms: duration.milliseconds) }

  /// `99.5 %`, exactly as it was required.
  static func share(_ share: Double) -> String { "\(number(share * 100)) %" }

  /// At most two decimals, none where there are none.
  static func number(_ number: Double) -> String {
    let hundredths = (number * 100).rounded()
    guard abs(hundredths) < 1e15 else { return "\(number)" }
    let whole = Int(hundredths)
    if whole % 100 == 0 { return "\(whole / 100)" }
    let sign = whole < 0 ? "-" : ""
    let fraction = abs(whole % 100)
    let digits = fraction % 10 == 0 ? "\(fraction / 10)" : (fraction < 10 ? "0\(fraction)" : "\(fraction)")
    return "\(sign)\(abs(whole) / 100).\(digits)"
  }

  /// The first three, and how many more.
  static func list(_ names: [String]) -> String {
    names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
  }
}
