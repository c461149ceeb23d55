internal import DrillModel

/// The order of keys from old to new as far as their names tell: byte by byte, but runs of digits as numbers, and rows'
/// keys column by column.
struct Newness: Comparable {
  private enum Part: Equatable {
    /// Digits without leading zeros, or an integer column.
    case number([UInt8], isNegative: Bool)
    case byte(UInt8)
  }

  private var parts: [Part] = []

  init(_ key: [UInt8]) {
    if let columns = RowKey.columns(of: key) {
      for column in columns {
        switch column {
        case .null: parts.append(.byte(0))
        case .integer(let value): parts.append(.number(Array(String(value.magnitude).utf8), isNegative: value < 0))
        case .real(let value):
          // Order-preserving image of the bits: negative ones turned over.
          let bits = value.bitPattern
          let ordered = bits >> 63 == 0 ? bits | 1 << 63 : ~bits
          parts.append(.number(Array(String(ordered).utf8), isNegative: false))
        case .text(let text): appendText(Array(text.utf8))
        case .blob(let bytes): appendText(bytes)
        }
      }
    } else {
      appendText(key)
    }
  }

  private mutating func appendText(_ bytes: [UInt8]) {
    var index = 0
    while index < bytes.count {
      guard Newness.isDigit(bytes[index]) else {
        parts.append(.byte(bytes[index]))
        index += 1
        continue
      }
      let end = bytes[index...].firstIndex { !Newness.isDigit($0) } ?? bytes.count
      parts.append(.number(Array(bytes[index..<end].drop { $0 == 0x30 }), isNegative: false))
      index = end
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  static func < (a: Newness, b: Newness) -> Bool {
    for (left, right) in zip(a.parts, b.parts) where left != right { return precedes(left, right) }
    return a.parts.count < b.parts.count
  }

  private static func precedes(_ left: Part, _ right: Part) -> Bool {
    switch (left, right) {
    case (.number(let a, let aNegative), .number(let b, let bNegative)):
      if aNegative != bNegative { return aNegative }
      let smaller = a.count != b.count ? a.count < b.count : a.lexicographicallyPrecedes(b)
      return aNegative ? !smaller : smaller
    case (.byte(let a), .byte(let b)): return a < b
    // A number stands where its digits would.
    case (.number, .byte(let b)): return 0x30 <= b
    case (.byte(let a), .number): return a < 0x30
    }
  }
}
