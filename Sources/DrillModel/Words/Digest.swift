/// A SHA-256 digest: 32 bytes, written as lowercase hexadecimal. Computed in `DrillCrypto`.
public struct Digest: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The digest's bytes in their order, eight to a word, the first byte in the highest bits.
  public let words: (UInt64, UInt64, UInt64, UInt64)

  /// - Precondition: `bytes` holds 32 bytes.
  public init(_ bytes: UnsafeRawBufferPointer) {
    precondition(bytes.count == 32)
    func word(_ index: Int) -> UInt64 {
      UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
    }
    words = (word(0), word(1), word(2), word(3))
  }

  @inlinable public init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

  /// Nil unless `hex` is 64 hexadecimal digits, lowercase, which is the form that in-toto statements use.
  public init?(hex: String) {
    let digits = Array(hex.utf8)
    guard digits.count == 64 else { return nil }
    var bytes: [UInt8] = []
    func nibble(_ character: UInt8) -> UInt8? {
      switch character {
      case 0x30...0x39: character - 0x30
      case 0x61...0x66: character - 0x61 + 10
      default: nil
      }
    }
    for index in stride(from: 0, to: 64, by: 2) {
      guard let high = nibble(digits[index]), let low = nibble(digits[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    self = bytes.withUnsafeBytes { Digest($0) }
  }

  public var bytes: [UInt8] {
    [words.0, words.1, words.2, words.3].flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) }
    }
  }

  public var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// The first twelve digits: enough for a person to tell two apart, never used to decide.
  public var short: String { String(hex.prefix(12)) }
  public var description: String { hex }

  public static func == (a: Digest, b: Digest) -> Bool { a.words == b.words }
  public static func < (a: Digest, b: Digest) -> Bool { a.words < b.words }
  public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

extension Digest: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let digest = Digest(hex: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not 64 lowercase hexadecimal digits")
    }
    self = digest
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hex)
  }
}
