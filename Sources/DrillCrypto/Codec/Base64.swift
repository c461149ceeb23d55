/// Base64 as DSSE uses it: written in the standard alphabet with padding, read in the standard or the URL-safe one,
/// with padding or without.
///
/// Source: RFC 4648, sections 4 and 5; DSSE protocol.md: "Verifiers MUST accept both standard and URL-safe".
public enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  public static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let count = min(3, bytes.count - start)
      var word = UInt32(bytes[start]) << 16
      if count > 1 { word |= UInt32(bytes[start + 1]) << 8 }
      if count > 2 { word |= UInt32(bytes[start + 2]) }
      for position in 0..<4 {
        text.append(position <= count ? alphabet[Int(word >> UInt32(18 - 6 * position) & 63)] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil for any other character (white space too), a mixture of both alphabets, wrong padding, and bits that belong
  /// to no byte.
  public static func decode(_ text: String) -> [UInt8]? {
    var digits = Array(text.utf8)[...]
    while digits.last == UInt8(ascii: "="), text.utf8.count - digits.count < 2 { digits.removeLast() }
    let padding = text.utf8.count - digits.count
    guard padding == 0 || (digits.count + padding) % 4 == 0, digits.count % 4 != 1 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count * 3 / 4)
    var word: UInt32 = 0
    var bits = 0
    var isStandard = false
    var isURLSafe = false
    for digit in digits {
      let value: UInt8
      switch digit {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = digit - UInt8(ascii: "A")
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = digit - UInt8(ascii: "a") + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0") + 52
      case UInt8(ascii: "+"), UInt8(ascii: "/"):
        isStandard = true
        value = digit == UInt8(ascii: "+") ? 62 : 63
      case UInt8(ascii: "-"), UInt8(ascii: "_"):
        isURLSafe = true
        value = digit == UInt8(ascii: "-") ? 62 : 63
      default: return nil
      }
      word = (word << 6 | UInt32(value)) & 0xFFFF
      bits += 6
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
      }
    }
    guard !(isStandard && isURLSafe), word & ((1 << UInt32(bits)) - 1) == 0 else { return nil }
    return bytes
  }
}
