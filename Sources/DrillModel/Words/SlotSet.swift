/// A set of slots, 2 KiB whatever it holds; written as ranges, `0-5460,5462`.
public struct SlotSet: Hashable, Sendable, CustomStringConvertible {
  private var words: [UInt64]

  public init() { words = Array(repeating: 0, count: Slot.count / 64) }

  public init(_ slots: some Sequence<Slot>) {
    self.init()
    for slot in slots { insert(slot) }
  }

  public init(_ range: ClosedRange<Int>) {
    self.init()
    insert(range)
  }

  /// A word at a time: a text can name all slots again and again.
  private mutating func insert(_ range: ClosedRange<Int>) {
    let (first, last) = (Slot(range.lowerBound).rawValue, Slot(range.upperBound).rawValue)
    for index in Int(first >> 6)...Int(last >> 6) {
      var word = UInt64.max
      if index == Int(first >> 6) { word &= UInt64.max << UInt64(first & 63) }
      if index == Int(last >> 6) { word &= UInt64.max >> UInt64(63 - last & 63) }
      words[index] |= word
    }
  }

  public static let all = SlotSet(0...(Slot.count - 1))

  /// Reads `0-5460,5462`; the empty string is the empty set. Nil where the text is not of that form or a slot is out of range.
  public init?(parsing text: String) {
    self.init()
    guard !text.isEmpty else { return }
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard let first = ends.first, let low = first, ends.count <= 2 else { return nil }
      guard let high = ends.count == 2 ? ends[1] : low, low <= high, low >= 0, high < Slot.count else { return nil }
      insert(low...high)
    }
  }

  @inline(__always)
  public func contains(_ slot: Slot) -> Bool { words[Int(slot.rawValue) >> 6] & (1 << UInt64(slot.rawValue & 63)) != 0 }
  public mutating func insert(_ slot: Slot) { words[Int(slot.rawValue) >> 6] |= 1 << UInt64(slot.rawValue & 63) }
  public mutating func remove(_ slot: Slot) { words[Int(slot.rawValue) >> 6] &= ~(1 << UInt64(slot.rawValue & 63)) }

  public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
  public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// The slots of the set, ascending.
  public var slots: [Slot] {
    var found: [Slot] = []
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        found.append(Slot(index * 64 + rest.trailingZeroBitCount))
        rest &= rest - 1
      }
    }
    return found
  }

  public func union(_ other: SlotSet) -> SlotSet { combined(with: other, |) }
  public func intersection(_ other: SlotSet) -> SlotSet { combined(with: other, &) }
  public func subtracting(_ other: SlotSet) -> SlotSet { combined(with: other) { $0 & ~$1 } }

  private func combined(with other: SlotSet, _ operation: (UInt64, UInt64) -> UInt64) -> SlotSet {
    var result = self
    for index in words.indices { result.words[index] = operation(words[index], other.words[index]) }
    return result
  }

  public var description: String {
    var parts: [String] = []
    var run: ClosedRange<Int>?
    func close() {
      guard let run else { return }
      parts.append(run.count == 1 ? "\(run.lowerBound)" : "\(run.lowerBound)-\(run.upperBound)")
    }
    for slot in slots.map({ Int($0.rawValue) }) {
      if let open = run, open.upperBound + 1 == slot {
        run = open.lowerBound...slot
      } else {
        close()
        run = slot...slot
      }
    }
    close()
    return parts.joined(separator: ",")
  }
}

extension SlotSet: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let set = SlotSet(parsing: text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a list of slot ranges: \(text)")
    }
    self = set
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
