/// A fixed share of the key space, found from the key alone, whatever the shard map says.
///
/// There are 16384 of them for every engine, so that fingerprints of any engine have the same shape.
public struct Slot: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  /// How many slots there are. Source: Redis Cluster specification, "Key distribution model".
  public static let count = 16384

  public let rawValue: UInt16

  /// - Precondition: `rawValue` is below ``count``; a larger one is our own bug.
  public init(rawValue: UInt16) {
    precondition(rawValue < Slot.count, "slot out of range")
    self.rawValue = rawValue
  }

  public init(_ value: Int) { self.init(rawValue: UInt16(value)) }

  public static func < (a: Slot, b: Slot) -> Bool { a.rawValue < b.rawValue }
  public var description: String { String(rawValue) }
}

extension Slot: Codable {
  /// - Throws: `DecodingError` for a number that no slot has: what is stored may be damaged, or somebody else's.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let number = try container.decode(UInt16.self)
    guard number < Slot.count else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "no such slot: \(number)")
    }
    self.init(rawValue: number)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}
