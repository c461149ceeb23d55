internal import DrillModel

/// Tells the beginning of a command, which a crash leaves at the end of a log, from a length that was damaged and now
/// leads over the commands behind it.
enum AOFTornTail {
  /// More is not looked at: behind a damaged length, the next command begins where its word really ends.
  private static let reach = 64 << 20

  /// How often the bytes that are looked at may be read again, from another beginning.
  private static let rounds = 8

  /// What follows looks like the beginning of commands in so many places that it cannot be told which is one.
  struct Untold: Error {}

  /// The offset of a whole command within the bytes from `start` to the file's end, but for one at `start` itself; nil
  /// where there is none.
  ///
  /// What is found has to go on to the end, command after command: a value that merely holds one does not.
  ///
  /// - Throws: ``Untold``; `DrillError` where the file cannot be read.
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
    // Where one beginning led that failed, another one that gets there fails too.
    var failed = Set<Int>()
    var left = rounds * max(filled, 1 << 16)
    for index in bytes.indices.dropFirst() where bytes[index] == UInt8(ascii: "*") && bytes[index - 1] == 0x0a {
      if failed.contains(index) { continue }
      var visited: [Int] = []
      let end = follow(bytes, from: index, unless: failed, &visited)
      if end.areCommands { return start + UInt64(index) }
      failed.formUnion(visited)
      left -= end.position - index
      guard left > 0 else { throw Untold() }
    }
    return nil
  }

  /// Whether all of it is commands and annotations, at least one command whole, the last thing perhaps cut off.
  static func areCommands(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var visited: [Int] = []
    return follow(bytes, from: 0, unless: [], &visited).areCommands
  }

  /// - Parameters:
  ///   - failed: places from which it is known to fail.
  ///   - visited: where commands began.
  private static func follow(
    _ bytes: UnsafeRawBufferPointer, from start: Int, unless failed: Set<Int>, _ visited: inout [Int]
  ) -> (areCommands: Bool, position: Int) {
    var position = start
    var commands = 0
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "#") {
        guard let end = bytes[position...].prefix(1024).firstIndex(of: 0x0a) else {
          return (commands > 0 && bytes.count - position < 1024, position)
        }
        position = end + 1
        continue
      }
      guard !failed.contains(position) else { return (false, position) }
      visited.append(position)
      switch command(in: bytes, at: &position) {
      case .whole: commands += 1
      case .cutOff: return (commands > 0, position)
      case .none: return (false, position)
      }
    }
    return (commands > 0, position)
  }

  private enum Found { case whole, cutOff, none }

  private static func command(in bytes: UnsafeRawBufferPointer, at position: inout Int) -> Found {
    func head(_ mark: UInt8, _ value: inout Int) -> Found {
      guard position < bytes.count else { return .cutOff }
      guard bytes[position] == mark else { return .none }
      let digits = bytes[(position + 1)...].prefix(10).prefix { (0x30...0x39).contains($0) }
      let rest = bytes[digits.endIndex...].prefix(2)
      guard rest.elementsEqual([0x0d, 0x0a].prefix(rest.count)), digits.count < 10 else { return .none }
      guard rest.count == 2 else { return .cutOff }
      guard !digits.isEmpty else { return .none }
      value = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
      position = digits.endIndex + 2
      return .whole
    }
    var count = 0
    let begun = head(UInt8(ascii: "*"), &count)
    guard begun == .whole, count > 0 else { return begun == .whole ? .none : begun }
    for index in 0..<count {
      var length = 0
      let word = head(UInt8(ascii: "$"), &length)
      guard word == .whole else { return word }
      guard length <= bytes.count - position - 2 else { return .cutOff }
      guard bytes[position + length] == 0x0d, bytes[position + length + 1] == 0x0a else { return .none }
      if index == 0 {
        let name = String(decoding: bytes[position..<position + length].prefix(40), as: UTF8.self).uppercased()
        guard AOFCommandTable.known[name] != nil else { return .none }
      }
      position += length + 2
    }
    return .whole
  }
}
