/// A fixed share of the key space, found from the key alone, whatever the shard map says.
///
/// There are 16384 of them for every engine, so that fingerprints of any engine have the same shape.
public struct Slot: RawRepresentable, Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
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
