extension Duration {
  /// Reads `500ms`, `30s`, `15m`, `24h`, `7d`, with an optional fraction; nil for anything else, a bare number included.
  init?(parsing text: String) {
    let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400)]
    guard let (unit, seconds) = units.first(where: { text.hasSuffix($0.0) }),
      let number = Double(text.dropLast(unit.count)), number.isFinite, number >= 0, number * seconds < 1e12
    else { return nil }
    self = .milliseconds(Int64((number * seconds * 1000).rounded()))
  }
}

enum ByteSize {
  /// Reads `1000`, `64KiB`, `512MiB`, `2GiB`, `1.5TiB`; nil for anything else.
  static func parse(_ text: String) -> UInt64? {
    let units: [(String, Double)] = [
      ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("TiB", 1_099_511_627_776), ("B", 1),
    ]
    for (unit, factor) in units where text.hasSuffix(unit) {
      guard let number = Double(text.dropLast(unit.count)), number.isFinite, number >= 0, number * factor < 1e18 else {
        return nil
      }
      return UInt64(number * factor)
    }
    return UInt64(text)
  }
}
