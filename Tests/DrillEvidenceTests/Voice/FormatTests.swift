import DrillEvidence
import DrillModel
import Testing

@Suite("Numbers, sizes, times and shares")
struct FormatTests {
  @Test("counts have separators", arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")])
  func counts(_ number: Int, _ text: String) {
    #expect(Format.count(number) == text)
    #expect(number == 0 || Format.count(-number) == "-" + text)
  }

  @Test(
    "sizes are in powers of 1024",
    arguments: [
      (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1_288_490_188, "1.1 GiB"), (157_286_400, "150 MiB"),
      (UInt64.max, "15.9 EiB"),
    ])
  func bytes(_ size: UInt64, _ text: String) { #expect(Format.bytes(size) == text) }

  @Test(
    "durations keep three digits, and never say 60 s",
    arguments: [
      (0, "0 ms"), (0.0001, "< 1 µs"), (0.061, "61 µs"), (0.9996, "1.0 ms"), (4.1, "4.1 ms"), (9.96, "10 ms"),
      (640, "640 ms"), (999.6, "1.00 s"), (4210, "4.21 s"), (59_994, "59.99 s"), (59_996, "1 min"),
      (200_000, "3 min 20 s"), (7_500_000, "2 h 5 min"), (273_600_000, "3 d 4 h"), (-1, "?"), (.infinity, "?"),
      (.nan, "?"),
    ])
  func durations(_ milliseconds: Double, _ text: String) { #expect(Format.duration(ms: milliseconds) == text) }

  @Test(
    "a share is 100 % only where nothing is missing, and 0 % only where there is nothing",
    arguments: [
      (0, 0, "–"), (0, 5, "0 %"), (1, 1_000_000, "< 0.1 %"), (1, 2, "50.0 %"), (999_999_999, 1_000_000_000, "99.9 %"),
      (UInt64.max - 1, .max, "99.9 %"), (7, 7, "100 %"),
    ])
  func shares(_ part: UInt64, _ whole: UInt64, _ text: String) { #expect(Format.share(part, of: whole) == text) }

  @Test("times are whole seconds in UTC")
  func times() { #expect(Format.time(Instant(millisecondsSince1970: 1_767_225_600_999)) == "2026-01-01 00:00:00Z") }

  @Test("one is singular")
  func plurals() {
    #expect(Format.plural(1, "finding") == "1 finding")
    #expect(Format.plural(0, "leaf", "leaves") == "0 leaves")
    #expect(Format.amount(1, .slots) == "1 slot")
    #expect(Format.amount(2, .answers) == "2 answers")
    #expect(Format.amount(2048, .bytes) == "2.0 KiB")
  }
}
