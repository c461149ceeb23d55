internal import Glibc

/// Scores as text.
enum ScoreText {
  /// Takes a score of `count` bytes, which come next in the window, at most 127 of them. Source: redis 7.0 src/t_zset.c
  /// `zzlGetScore`.
  static func take(_ count: UInt64, from window: ByteWindow) throws -> Double {
    guard count < 128 else { throw RDBDamage("a score that is not a number") }
    try window.require(Int(count))
    return try read(try window.some(limit: count))
  }

  /// Reads a score as the server does, which stores text that `strtod` turns back into the same number.
  ///
  /// - Throws: `RDBDamage` unless all of `text` is a number.
  /// Source: redis 7.0 src/t_zset.c `zzlStrtod`.
  static func read(_ text: UnsafeRawBufferPointer) throws -> Double {
    if let plain = plain(text) { return plain }
    let score = withUnsafeTemporaryAllocation(of: CChar.self, capacity: text.count + 1) { copy -> Double? in
      guard let start = copy.baseAddress, !text.isEmpty else { return nil }
      UnsafeMutableRawBufferPointer(copy).copyMemory(from: text)
      copy[text.count] = 0
      var end: UnsafeMutablePointer<CChar>?
      let score = strtod(start, &end)
      return end == start + text.count ? score : nil
    }
    guard let score else { throw RDBDamage("a score that is not a number") }
    return score
  }

  /// A number of at most 19 digits without an exponent, which is what nearly all scores are; nil for any other text.
  ///
  /// The digits make one whole number, and it is divided by a power of ten: rounded once, from the exact quotient, as
  /// `strtod` rounds, in a tenth of its time.
  private static func plain(_ text: UnsafeRawBufferPointer) -> Double? {
    let isNegative = text.first == UInt8(ascii: "-")
    let start = isNegative ? 1 : 0
    var digits: UInt64 = 0
    var places: Int?
    // Twenty with the point: the digits fit into 64 bits.
    guard text.count > start, text.count <= start + 20 else { return nil }
    for index in start..<text.count {
      let digit = text[index] &- UInt8(ascii: "0")
      if digit <= 9 {
        digits = digits &* 10 &+ UInt64(digit)
      } else if text[index] == UInt8(ascii: "."), places == nil, index > start {
        places = text.count - 1 - index
      } else {
        return nil
      }
    }
    guard let places else {
      return text.count < start + 20 ? (isNegative ? -Double(digits) : Double(digits)) : nil
    }
    let quotient = divide(digits, byTenTo: places)
    return isNegative ? -quotient : quotient
  }

  /// - Parameter places: at most 19.
  private static func divide(_ digits: UInt64, byTenTo places: Int) -> Double {
    let power = powers[places]
    // Both are exact as they stand: one division rounds once.
    if digits < 1 << 53, power.value < 1 << 53 { return Double(digits) / Double(power.value) }
    if places == 0 { return Double(digits) }
    let shift = digits.leadingZeroBitCount
    let shifted = digits << UInt64(shift)
    // The quotient times 2^63, of which 63 or 64 bits stand before the point. The reciprocal is cut off, so it is less
    // than 2 short: that can only matter right below the middle between two numbers, and in it.
    var quotient = shifted.multipliedFullWidth(by: power.reciprocal).high
    let half: UInt64 = quotient >> 63 == 0 ? 0x200 : 0x400
    let dropped = quotient & (2 * half - 1)
    if dropped == half || dropped == half - 1 {
      let (exact, rest) = power.shifted.dividingFullWidth((shifted >> 1, shifted << 63))
      // A last bit that says whether anything follows is enough to round 53 from.
      quotient = exact | (rest == 0 ? 0 : 1)
    }
    return Double(quotient)
      * Double(sign: .plus, exponent: power.value.leadingZeroBitCount - shift - 63, significand: 1)
  }

  /// A power of ten; the same with its first bit moved to the front, and 2^127 through that, cut off.
  private struct Power {
    var value: UInt64
    var shifted: UInt64
    var reciprocal: UInt64
  }

  private static let powers: [Power] = (0...19).map { places in
    let value = (0..<places).reduce(UInt64(1)) { power, _ in power * 10 }
    let shifted = value << UInt64(value.leadingZeroBitCount)
    // Not of 1, which nothing is divided by.
    let reciprocal = places == 0 ? 0 : shifted.dividingFullWidth((1 << 63, 0)).quotient
    return Power(value: value, shifted: shifted, reciprocal: reciprocal)
  }
}
