/// The text of one integer at a time, without an allocation for each.
final class DecimalText {
  private static let capacity = 20
  private let base = UnsafeMutableRawPointer.allocate(byteCount: DecimalText.capacity, alignment: 8)
  private var start = DecimalText.capacity

  deinit { base.deallocate() }

  /// Valid until the next `write`.
  var text: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + start, count: DecimalText.capacity - start) }

  func write(_ value: Int64) {
    var rest = value.magnitude
    var index = DecimalText.capacity
    repeat {
      let next = rest / 10
      index -= 1
      base.storeBytes(of: UInt8(truncatingIfNeeded: 48 &+ rest &- next &* 10), toByteOffset: index, as: UInt8.self)
      rest = next
    } while rest > 0
    if value < 0 {
      index -= 1
      base.storeBytes(of: UInt8(ascii: "-"), toByteOffset: index, as: UInt8.self)
    }
    start = index
  }
}
