internal import DrillModel

/// Text with at most one span of numbers, one of which is drawn each time: `field:{0..99}`, `status`.
public struct ArgumentPattern: Hashable, Sendable {
  public let prefix: String
  /// Nil: the text is always the same.
  public let numbers: ClosedRange<Int64>?
  public let suffix: String

  /// Nil where a brace opens a span that is not `{low..high}` with low ≤ high.
  public init?(parsing text: String) {
    guard let open = text.firstIndex(of: "{") else {
      guard !text.contains("}") else { return nil }
      prefix = text
      numbers = nil
      suffix = ""
      return
    }
    guard let close = text[open...].firstIndex(of: "}") else { return nil }
    let ends = text[text.index(after: open)..<close].split(separator: "..", omittingEmptySubsequences: false)
    guard ends.count == 2, let low = Int64(ends[0]), let high = Int64(ends[1]), low <= high else { return nil }
    prefix = String(text[..<open])
    numbers = low...high
    suffix = String(text[text.index(after: close)...])
    guard !suffix.contains("{"), !suffix.contains("}"), !prefix.contains("}") else { return nil }
  }

  func next(_ generator: inout SeededGenerator) -> String {
    guard let numbers else { return prefix }
    return "\(prefix)\(generator.integer(in: numbers))\(suffix)"
  }
}
