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
    var divisor: UInt64 = 1
    for _ in 0..<places { divisor &*= 10 }
    // Both are exact as they stand: one division rounds once.
    if digits < 1 << 53, divisor < 1 << 53 { return Double(digits) / Double(divisor) }
    guard digits > 0 else { return 0 }
    let (shift, divisorShift) = (digits.leadingZeroBitCount, divisor.leadingZeroBitCount)
    let shifted = digits << UInt64(shift)
    let (quotient, rest) = (divisor << UInt64(divisorShift)).dividingFullWidth((shifted >> 1, shifted << 63))
    // At least 63 bits of quotient, and a last bit that says whether anything follows: enough to round 53 from.
    let exact = Double(quotient | (rest == 0 ? 0 : 1))
    return exact * Double(sign: .plus, exponent: divisorShift - shift - 63, significand: 1)
  }
}
