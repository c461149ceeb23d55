internal import DrillModel

/// What stands in a log that cannot stand there.
struct AOFDamage: Error {
  var offset: UInt64
  var detail: String
}

/// Reads commands, one after the other, from a place in a file to its end.
///
/// A log is a sequence of commands in the Redis serialization protocol, each an array of bulk strings, with annotations
/// between them: lines that begin with `#`. Source: redis 7.0 src/aof.c `loadSingleAppendOnlyFile`.
final class AOFCommandReader {
  enum Item: Equatable {
    /// ``command`` holds it.
    case command
    /// `#TS:` and seconds since 1970; nil for any other annotation.
    case annotation(time: Int64?)
    case end
    /// The file ends in the middle of a command or an annotation.
    case torn
  }

  /// Longest annotation. Source: redis 7.0 src/aof.c, AOF_ANNOTATION_LINE_MAX_LEN.
  private static let annotationLimit = 1024
  private static let capacity = 256 << 10

  let command = AOFCommand()
  /// The annotation that was read last, without its line's end.
  private(set) var line: [UInt8] = []
  /// Where the item that was read last begins, and where the next one does.
  private(set) var start: UInt64
  private(set) var offset: UInt64

  private let source: FileByteSource
  private let sizeBytes: UInt64
  /// Bytes up to where the file counts that were not read yet.
  private var unread: UInt64
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: AOFCommandReader.capacity, alignment: 64)
  private var position = 0
  private var filled = 0

  private struct FileEnded: Error {}

  /// - Parameter sizeBytes: up to where the file counts: nothing is believed that claims more than is left of it.
  init(path: String, from offset: UInt64, sizeBytes: UInt64) throws {
    source = try FileByteSource(path: path, from: offset)
    self.offset = offset
    start = offset
    self.sizeBytes = sizeBytes
    unread = sizeBytes - min(offset, sizeBytes)
  }

  deinit { buffer.deallocate() }

  /// - Throws: `AOFDamage` for bytes that are neither a command nor an annotation, with their offset; `DrillError` where
  ///   the file cannot be read.
  func next() throws -> Item {
    start = offset
    do {
      guard let first = try peek() else { return .end }
      if first == UInt8(ascii: "#") { return try annotation() }
      try readCommand()
      return .command
    } catch is FileEnded {
      return .torn
    }
  }

  private func annotation() throws -> Item {
    line.removeAll(keepingCapacity: true)
    while true {
      let byte = try byte()
      if byte == 0x0a { break }
      line.append(byte)
      guard line.count < AOFCommandReader.annotationLimit else {
        throw AOFDamage(offset: start, detail: "an annotation that does not end")
      }
    }
    if line.last == 0x0d { line.removeLast() }
    guard line.starts(with: "#TS:".utf8) else { return .annotation(time: nil) }
    // So that it can be counted in milliseconds wherever it goes: 2^40 seconds are 34,000 years.
    return .annotation(time: AOFNumber.integer(line.dropFirst(4)).flatMap { (0..<1 << 40).contains($0) ? $0 : nil })
  }

  private func readCommand() throws {
    command.clear()
    let count = try head(UInt8(ascii: "*"))
    guard count > 0 else { throw AOFDamage(offset: start, detail: "a command without words") }
    for _ in 0..<count {
      let length = try head(UInt8(ascii: "$"))
      guard length <= sizeBytes - min(offset, sizeBytes) else { throw FileEnded() }
      try take(Int(length))
      command.endWord()
      for expected in [UInt8(0x0d), 0x0a] {
        let place = offset
        guard try byte() == expected else { throw AOFDamage(offset: place, detail: "a word is not as long as it says") }
      }
    }
  }

  /// A mark, a count and a line's end.
  private func head(_ mark: UInt8) throws -> UInt64 {
    let place = offset
    guard try byte() == mark else {
      throw AOFDamage(offset: place, detail: "no \(mark == UInt8(ascii: "*") ? "command" : "word of a command") begins")
    }
    var value: UInt64 = 0
    var digits = 0
    while true {
      let byte = try byte()
      if (0x30...0x39).contains(byte), digits < 18 {
        value = value * 10 + UInt64(byte - 0x30)
        digits += 1
      } else if byte == 0x0d, digits > 0 {
        guard try self.byte() == 0x0a else { throw AOFDamage(offset: place, detail: "a count that does not end") }
        return value
      } else {
        throw AOFDamage(offset: place, detail: "a count that is no number")
      }
    }
  }

  private func take(_ count: Int) throws {
    var left = count
    while left > 0 {
      if position == filled { guard try fill() else { throw FileEnded() } }
      let part = min(left, filled - position)
      command.append(UnsafeRawBufferPointer(rebasing: buffer[position..<position + part]))
      position += part
      offset += UInt64(part)
      left -= part
    }
  }

  @inline(__always)
  private func byte() throws -> UInt8 {
    guard let byte = try peek() else { throw FileEnded() }
    position += 1
    offset += 1
    return byte
  }

  @inline(__always)
  private func peek() throws -> UInt8? {
    if position == filled { guard try fill() else { return nil } }
    return buffer[position]
  }

  private func fill() throws -> Bool {
    position = 0
    filled = 0
    guard unread > 0 else { return false }
    let room = Int(min(UInt64(buffer.count), unread))
    filled = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<room]))
    unread -= UInt64(filled)
    return filled > 0
  }
}
