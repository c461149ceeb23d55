/// Copies of few bytes, where a call to `memmove` would cost more than the copy. They write past the end, into slack
/// that the caller has.
enum ShortCopy {
  /// Copies 32 bytes, of which the caller wants some.
  @inline(__always)
  static func upTo32(from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer) {
    let low = source.loadUnaligned(as: SIMD16<UInt8>.self)
    let high = source.loadUnaligned(fromByteOffset: 16, as: SIMD16<UInt8>.self)
    target.storeBytes(of: low, as: SIMD16<UInt8>.self)
    target.storeBytes(of: high, toByteOffset: 16, as: SIMD16<UInt8>.self)
  }

  /// Continues what stands `distance` before `target` for `count` bytes, repeating it where it is shorter. Writes up to
  /// 7 bytes past the end.
  @inline(__always)
  static func repeating(_ count: Int, at target: UnsafeMutableRawPointer, distance: Int) {
    let source = UnsafeRawPointer(target) - distance
    var done = 0
    if distance >= 8 {
      while done < count {
        target.storeBytes(of: (source + done).loadUnaligned(as: UInt64.self), toByteOffset: done, as: UInt64.self)
        done += 8
      }
    } else if distance == 1 {
      target.initializeMemory(as: UInt8.self, repeating: source.load(as: UInt8.self), count: count)
    } else {
      while done < count {
        target.storeBytes(of: (source + done).load(as: UInt8.self), toByteOffset: done, as: UInt8.self)
        done += 1
      }
    }
  }
}
