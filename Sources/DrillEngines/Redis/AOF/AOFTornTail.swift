internal import DrillModel

/// Tells the beginning of a command, which a crash leaves at the end of a log, from a length that was damaged and now
/// leads over the commands behind it.
enum AOFTornTail {
  /// More is not looked at: behind a damaged length, the next command begins where its word really ends.
  private static let reach = 64 << 20

  /// The offset of a whole command within the bytes from `start` to the file's end, but for one at `start` itself; nil
  /// where there is none.
  ///
  /// A value that itself holds a whole write command in the protocol's form, in the very command that was torn, would be
  /// taken for damage.
  static func command(in file: AOFLayout.File, after start: UInt64) throws -> UInt64? {
    let source = try FileByteSource(path: file.path, from: start)
    let count = Int(min(UInt64(reach), file.sizeBytes - min(start, file.sizeBytes)))
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 8)
    defer { buffer.deallocate() }
    var filled = 0
    while filled < count {
      let got = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<count]))
      if got == 0 { break }
      filled += got
    }
    let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
    for index in bytes.indices.dropFirst() where bytes[index] == UInt8(ascii: "*") && bytes[index - 1] == 0x0a {
      if isCommand(UnsafeRawBufferPointer(rebasing: bytes[index...])) { return start + UInt64(index) }
    }
    return nil
  }

  private static func isCommand(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var position = 0
    func head(_ mark: UInt8) -> Int? {
      guard position < bytes.count, bytes[position] == mark else { return nil }
      let digits = bytes[(position + 1)...].prefix { (0x30...0x39).contains($0) }
      guard (1...9).contains(digits.count), digits.endIndex + 1 < bytes.count, bytes[digits.endIndex] == 0x0d,
        bytes[digits.endIndex + 1] == 0x0a
      else { return nil }
      position = digits.endIndex + 2
      return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
    guard let count = head(UInt8(ascii: "*")), count > 0 else { return false }
    for index in 0..<count {
      guard let length = head(UInt8(ascii: "$")), length <= bytes.count - position - 2,
        bytes[position + length] == 0x0d, bytes[position + length + 1] == 0x0a
      else { return false }
      if index == 0 {
        let name = String(decoding: bytes[position..<position + length].prefix(40), as: UTF8.self).uppercased()
        guard AOFCommandTable.known[name] != nil else { return false }
      }
      position += length + 2
    }
    return true
  }
}
