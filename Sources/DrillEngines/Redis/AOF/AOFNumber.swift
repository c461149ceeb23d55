internal import Glibc

/// Numbers as the server takes them from text.
enum AOFNumber {
  /// No plus, no blanks, no leading zeros. Source: redis 7.0 src/util.c `string2ll`.
  static func integer(_ text: some RandomAccessCollection<UInt8>) -> Int64? {
    guard (1...20).contains(text.count) else { return nil }
    let isNegative = text.first == UInt8(ascii: "-")
    let digits = text.dropFirst(isNegative ? 1 : 0)
    guard let first = digits.first, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    if first == UInt8(ascii: "0"), digits.count > 1 || isNegative { return nil }
    var value: Int64 = 0
    for digit in digits {
      let (product, isOver) = value.multipliedReportingOverflow(by: 10)
      let step = Int64(digit - 0x30)
      let (sum, isOverSum) =
        isNegative ? product.subtractingReportingOverflow(step) : product.addingReportingOverflow(step)
      guard !isOver, !isOverSum else { return nil }
      value = sum
    }
    return value
  }

  /// What `strtod` takes whole, infinity included and NaN not. Source: redis 7.0 src/object.c `getDoubleFromObject`.
  static func real(_ text: some Collection<UInt8>) -> Double? {
    guard let first = text.first, first != 0x20, !(0x09...0x0d).contains(first), text.count < 256,
      !text.contains(0)
    else { return nil }
    return (text.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { text in
      guard let start = text.baseAddress else { return nil }
      var end: UnsafeMutablePointer<CChar>?
      errno = 0
      let value = strtod(start, &end)
      let isRangeError = errno == ERANGE && (value == .infinity || value == -.infinity || value == 0)
      guard let end, UnsafePointer(end) == start + (text.count - 1), !isRangeError, !value.isNaN else { return nil }
      return value
    }
  }
}
