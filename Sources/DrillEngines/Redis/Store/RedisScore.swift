internal import Foundation
internal import Glibc

/// A sorted set's score as a server writes it: `%.17g`, which reads back to the same bits. Source: redis 7.0
/// src/networking.c `addReplyDouble`.
enum RedisScore {
  /// Nil where the text is no number.
  static func value(_ text: [UInt8]) -> Double? {
    if let integer = smallInteger(text) { return Double(integer) }
    var text = text
    guard text.count > 0, text.count < 64, !text.contains(0) else { return nil }
    text.append(0)
    return text.withUnsafeBufferPointer { buffer -> Double? in
      guard let base = buffer.baseAddress else { return nil }
      return base.withMemoryRebound(to: CChar.self, capacity: buffer.count) { start in
        var end: UnsafeMutablePointer<CChar>?
        let value = strtod(start, &end)
        return end == UnsafeMutablePointer(mutating: start) + (buffer.count - 1) ? value : nil
      }
    }
  }

  /// Most scores are integers without a sign that zero could have lost.
  private static func smallInteger(_ text: [UInt8]) -> Int64? {
    guard (1...15).contains(text.count) else { return nil }
    var value: Int64 = 0
    for digit in text {
      guard (0x30...0x39).contains(digit) else { return nil }
      value = value * 10 + Int64(digit - 0x30)
    }
    return value
  }
}
