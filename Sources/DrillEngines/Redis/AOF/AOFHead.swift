internal import DrillModel

/// What the first and the last bytes of a log's file tell, without reading what lies between.
enum AOFHead {
  private static let headLimit = 4096
  private static let tailLimit: UInt64 = 1 << 20
  /// Behind damage no time stamp counts, however many there are before it.
  private static let candidateLimit = 64

  /// Whether a file begins with a command that a server writes into its log, perhaps after annotations.
  ///
  /// Source: redis 7.0 src/aof.c `catAppendOnlyGenericCommand`, `genAofTimestampAnnotationIfNeeded`.
  static func beginsWithCommand(_ path: String) throws -> Bool {
    var bytes = try read(path, from: 0, limit: headLimit)[...]
    while bytes.first == UInt8(ascii: "#") {
      guard let end = bytes.firstIndex(of: 0x0a) else { return false }
      bytes = bytes[(end + 1)...]
    }
    func count(_ mark: UInt8) -> Int? {
      guard bytes.first == mark else { return nil }
      let digits = bytes.dropFirst().prefix(10).prefix { (0x30...0x39).contains($0) }
      guard !digits.isEmpty, bytes[digits.endIndex...].starts(with: [0x0d, 0x0a]) else { return nil }
      bytes = bytes[(digits.endIndex + 2)...]
      return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
    guard let words = count(UInt8(ascii: "*")), words > 0, let length = count(UInt8(ascii: "$")), length <= 40,
      bytes.dropFirst(length).starts(with: [0x0d, 0x0a])
    else { return false }
    return AOFCommandTable.known[String(decoding: bytes.prefix(length), as: UTF8.self).uppercased()] != nil
  }

  /// The last time stamp in the last bytes of a log's last file, in seconds since 1970; nil where none stands there.
  ///
  /// A time stamp counts where all that follows it is commands: a value that merely holds one does not.
  static func lastTime(_ path: String, sizeBytes: UInt64) throws -> Int64? {
    let start = sizeBytes > tailLimit ? sizeBytes - tailLimit : 0
    let bytes = try read(path, from: start, limit: Int(tailLimit))
    let mark = Array("#TS:".utf8)
    return bytes.withUnsafeBytes { bytes in
      var index = bytes.count - mark.count
      var candidates = 0
      while index >= 0, candidates < candidateLimit {
        defer { index -= 1 }
        guard bytes[index] == mark[0], bytes[index...].starts(with: mark) else { continue }
        candidates += 1
        guard index > 0 ? bytes[index - 1] == 0x0a : start == 0,
          let end = bytes[index...].prefix(64).firstIndex(of: 0x0a),
          let time = AOFNumber.integer(bytes[(index + mark.count)..<end].filter { $0 != 0x0d }), time > 0,
          time < 1 << 40,
          end + 1 == bytes.count || AOFTornTail.areCommands(UnsafeRawBufferPointer(rebasing: bytes[(end + 1)...]))
        else { continue }
        return time
      }
      return nil
    }
  }

  /// Fewer bytes only at the file's end.
  static func read(_ path: String, from offset: UInt64, limit: Int) throws -> [UInt8] {
    let source = try FileByteSource(path: path, from: offset)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(limit, 1), alignment: 8)
    defer { buffer.deallocate() }
    var count = 0
    while count < limit {
      let got = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count..<limit]))
      if got == 0 { break }
      count += got
    }
    return Array(buffer[..<count])
  }
}
