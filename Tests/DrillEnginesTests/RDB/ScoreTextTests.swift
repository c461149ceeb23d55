import DrillModel
import Foundation
import Testing

@testable import DrillEngines

@Suite("scores as text")
struct ScoreTextTests {
  private func read(_ text: String) -> UInt64? {
    Array(text.utf8).withUnsafeBytes { try? ScoreText.read($0).bitPattern }
  }

  /// What the C library makes of it, which is what the server takes.
  private func expected(_ text: String) -> UInt64? {
    text.withCString { start in
      var end: UnsafeMutablePointer<CChar>?
      let value = strtod(start, &end)
      return end.map { UnsafePointer($0) } == start + text.utf8.count && !text.isEmpty ? value.bitPattern : nil
    }
  }

  @Test(
    "a score is the number that the server's own strtod makes of its text, and what that refuses is refused",
    arguments: [
      "0", "-0", "0.0", "-0.0", "1", "-1", "1.5", "1234.5599999999999", "0.10000000000000001", "9007199254740993",
      "9007199254740992.5", "9007199254740993.5", "0.9007199254740993", "-9007199254740.993", "9999999999999999999",
      "99999999999999999999", "18446744073709551615", "18446744073709551616", "1844674407370955161.6",
      "0.0000000000000000001", "0.00000000000000000001", ".0000000000000000001", "999999999999999999.9",
      "4503599627370497.5", "4503599627370496.5", "00000000000000000001", "1e5", "1.5e-300", "inf", "-inf", "nan",
      "0x10", "+1", " 1", "1.", ".5", "-.5", ".", "-", "", "1..2", "1.2.3", "1-", "--1", "1a", "1 ", "1\u{0}",
    ])
  func edges(text: String) { #expect(read(text) == expected(text)) }

  @Test("scores of every length round as strtod rounds them", arguments: 1...8 as ClosedRange<UInt64>)
  func random(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var different: [String] = []
    for round in 0..<20_000 {
      let number: String
      switch round % 4 {
      case 0: number = String(format: "%.17g", random.unit() * 2e6 - 1e6)
      case 1: number = "\(Double(bitPattern: random.next()))"
      case 2: number = "\(random.next() >> random.next(below: 64))"
      default:
        let digits = String(random.next() >> random.next(below: 41))
        // Halfway between two neighbours, often: the hard case of rounding.
        let point = digits.index(digits.startIndex, offsetBy: random.index(below: digits.count))
        number = digits[..<point] + "." + digits[point...]
      }
      if read(number) != expected(number) { different.append(number) }
    }
    #expect(different.isEmpty, "seed \(seed)")
  }
}
