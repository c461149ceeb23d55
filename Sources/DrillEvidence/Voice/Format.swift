package import DrillModel

/// Numbers, sizes, times and shares as people read them.
package enum Format {
  /// `412,008`
  package static func count(_ number: some BinaryInteger) -> String {
    let digits = Array(String(number.magnitude))
    var text = number < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  /// `812 B`, `1.2 GiB`; rounded down.
  package static func bytes(_ bytes: UInt64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var unit = 0
    var size = bytes
    var rest: UInt64 = 0
    while size >= 1024 {
      rest = size % 1024
      size /= 1024
      unit += 1
    }
    return unit == 0 || size >= 100 ? "\(size) \(units[unit])" : "\(size).\(rest * 10 / 1024) \(units[unit])"
  }

  /// `412,008 records`, `1.2 GiB`
  package static func amount(_ amount: UInt64, _ unit: Coverage.Unit) -> String {
    switch unit {
    case .bytes: bytes(amount)
    case .slots, .records, .answers, .artifacts: plural(amount, String(unit.rawValue.dropLast()))
    }
  }

  /// `61 µs`, `4.1 ms`, `4.21 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`
  package static func duration(ms milliseconds: Double) -> String {
    guard milliseconds >= 0, milliseconds < 1e15 else { return "?" }
    if milliseconds == 0 { return "0 ms" }
    if milliseconds < 0.0005 { return "< 1 µs" }
    if milliseconds < 0.9995 { return "\(Int((milliseconds * 1000).rounded())) µs" }
    if milliseconds < 9.95 { return "\(decimals(milliseconds, 1)) ms" }
    if milliseconds < 999.5 { return "\(Int(milliseconds.rounded())) ms" }
    if milliseconds < 59_995 { return "\(decimals(milliseconds / 1000, 2)) s" }
    let seconds = Int((milliseconds / 1000).rounded())
    func pair(_ big: Int, _ bigUnit: String, _ small: Int, _ smallUnit: String) -> String {
      small == 0 ? "\(big) \(bigUnit)" : "\(big) \(bigUnit) \(small) \(smallUnit)"
    }
    if seconds < 3600 { return pair(seconds / 60, "min", seconds % 60, "s") }
    if seconds < 86_400 { return pair(seconds / 3600, "h", seconds % 3600 / 60, "min") }
    return pair(seconds / 86_400, "d", seconds % 86_400 / 3600, "h")
  }

  /// `100 %` only where nothing is missing and `0 %` only where there is nothing; otherwise rounded down to a tenth.
  package static func share(_ part: UInt64, of whole: UInt64) -> String {
    guard whole > 0 else { return "–" }
    if part >= whole { return "100 %" }
    if part == 0 { return "0 %" }
    let tenths = min(Int(Double(part) / Double(whole) * 1000), 999)
    return tenths < 1 ? "< 0.1 %" : "\(tenths / 10).\(tenths % 10) %"
  }

  /// `2026-01-01 00:00:00Z`: whole seconds, in UTC.
  package static func time(_ instant: Instant) -> String {
    let text = instant.description
    guard let dot = text.lastIndex(of: "."), let t = text.firstIndex(of: "T") else { return text }
    return text[..<t] + " " + text[text.index(after: t)..<dot] + "Z"
  }

  /// `1 finding`, `14 findings`
  package static func plural(_ number: some BinaryInteger, _ noun: String, _ many: String? = nil) -> String {
    "\(count(number)) \(number == 1 ? noun : many ?? noun + "s")"
  }

  private static func decimals(_ value: Double, _ places: Int) -> String {
    let scale = places == 1 ? 10 : 100
    let scaled = Int((value * Double(scale)).rounded())
    let fraction = String(scaled % scale)
    return "\(scaled / scale)." + String(repeating: "0", count: places - fraction.count) + fraction
  }
}
