internal import DrillModel

/// Lengths and strings, of which everything else is made. Source: redis 7.0 src/rdb.h, src/rdb.c `rdbLoadLenByRef`,
/// `rdbGenericLoadStringObject`.
extension RDBParser {
  enum StringHead {
    /// That many bytes come next.
    case raw(UInt64)
    /// The text of a number.
    case integer(Int64)
    /// Compressed bytes come next.
    case lzf(compressed: UInt64, decompressed: UInt64)
  }

  @inline(__always)
  func length() throws -> UInt64 {
    let first = try source.byte()
    return first < 0x40 ? UInt64(first) : try longLength(first)
  }

  private func longLength(_ first: UInt8) throws -> UInt64 {
    switch first {
    case 0x40...0x7f: UInt64(first & 0x3f) << 8 | UInt64(try source.byte())
    case 0x80: UInt64(try source.bigEndian(UInt32.self))
    case 0x81: try source.bigEndian(UInt64.self)
    default: throw RDBDamage("a length of unknown encoding \(first)")
    }
  }

  @inline(__always)
  func stringHead() throws -> StringHead {
    let first = try source.byte()
    return first < 0x40 ? .raw(UInt64(first)) : try longStringHead(first)
  }

  private func longStringHead(_ first: UInt8) throws -> StringHead {
    switch first {
    case 0xc0: .integer(Int64(Int8(bitPattern: try source.byte())))
    case 0xc1: .integer(Int64(try source.littleEndian(Int16.self)))
    case 0xc2: .integer(Int64(try source.littleEndian(Int32.self)))
    case 0xc3: .lzf(compressed: try length(), decompressed: try length())
    default: .raw(try longLength(first))
    }
  }

  /// Appends a string's bytes: a key.
  func copyString() throws {
    switch try stringHead() {
    case .raw(let count): try records.copy(count, from: source)
    case .integer(let value): try records.append(decimal: value)
    case .lzf(let compressed, let decompressed):
      try lzf.open(compressed: compressed, decompressed: decompressed)
      try records.copy(decompressed, from: lzf)
      try lzf.close()
    }
  }

  /// Appends a string as a blob.
  @inline(__always)
  func readBlob() throws {
    switch try stringHead() {
    case .raw(let count):
      try records.blobHead(count)
      try records.copy(count, from: source)
    case .integer(let value): try records.blob(decimal: value)
    case .lzf(let compressed, let decompressed): try readCompressedBlob(compressed, decompressed)
    }
  }

  private func readCompressedBlob(_ compressed: UInt64, _ decompressed: UInt64) throws {
    try lzf.open(compressed: compressed, decompressed: decompressed)
    try records.blobHead(decompressed)
    try records.copy(decompressed, from: lzf)
    try lzf.close()
  }

  /// Lets `body` take a string's bytes, all of them, from a window.
  func withString<R>(_ body: (ByteWindow, UInt64) throws -> R) throws -> R {
    switch try stringHead() {
    case .raw(let count):
      try source.openFence(count)
      let result = try body(source, count)
      try source.closeFence()
      return result
    case .integer: throw RDBDamage("a number where a structure belongs")
    case .lzf(let compressed, let decompressed):
      try lzf.open(compressed: compressed, decompressed: decompressed)
      let result = try body(lzf, decompressed)
      try lzf.close()
      return result
    }
  }

  /// A string that has to be held: a name. At most `limit` bytes; memory grows as they arrive.
  func heldString(limit: UInt64 = 512 << 20) throws -> [UInt8] {
    guard let bytes = try string(upTo: limit) else { throw RDBDamage("a name of more than \(limit) bytes") }
    return bytes
  }

  /// A string that matters only where it is short; nil for a long one, which is passed over.
  func shortString() throws -> [UInt8]? { try string(upTo: 256) }

  private func string(upTo limit: UInt64) throws -> [UInt8]? {
    var bytes: [UInt8] = []
    func take(_ count: UInt64, from window: ByteWindow) throws -> Bool {
      guard count <= limit else {
        try window.skip(count)
        return false
      }
      try window.take(count, to: &bytes)
      return true
    }
    switch try stringHead() {
    case .raw(let count): return try take(count, from: source) ? bytes : nil
    case .integer(let value): return Array(String(value).utf8)
    case .lzf(let compressed, let decompressed):
      try lzf.open(compressed: compressed, decompressed: decompressed)
      let isShort = try take(decompressed, from: lzf)
      try lzf.close()
      return isShort ? bytes : nil
    }
  }
}
