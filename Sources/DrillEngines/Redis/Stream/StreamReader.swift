internal import DrillModel

/// Reads a recorded change stream, command by command.
///
/// What a block's annotation has not yet vouched for may be damaged: whoever reads keeps what it makes of a command until
/// ``Item/block`` says that all before it is as it was written.
final class StreamReader {
  enum Item: Hashable {
    /// ``command`` holds it, and ``offset`` is the position after it.
    case command
    /// The commands that follow were received in this second since 1970.
    case second(Int64)
    /// All that was read so far is as it was written.
    case block
    /// The same; and when the commands that follow were made is not known, until a ``second(_:)`` comes.
    case untimed
    /// The stream goes on in another history, at ``offset``.
    case section
    /// Nothing more can be told; nil: the log ends here, whole.
    case end(reason: String?)
  }

  /// The first one.
  let header: StreamHeader
  /// That of what was read last.
  private(set) var section: StreamHeader
  /// After the last whole command.
  private(set) var offset: UInt64
  /// Bytes of the file up to the last block, and the offset there: what is vouched for.
  private(set) var wholeBytes: UInt64
  private(set) var wholeOffset: UInt64
  /// Bytes of the file that come before the first command of the stream.
  let firstByte: UInt64

  private let reader: AOFCommandReader
  private var sum: StreamSum

  var command: AOFCommand { reader.command }
  /// Where the item that was read last ends in the file.
  var endInFile: UInt64 { reader.offset }

  /// A file that is no change stream of this form, with what to do about it.
  struct Unreadable: Error { var detail: String }

  /// Opens a log, perhaps while it is still being written: what is there now is read.
  ///
  /// - Throws: ``Unreadable``; `DrillError` with `artifact-io`.
  init(path: String) throws {
    let size = try FileByteSource(path: path).sizeBytes()
    reader = try AOFCommandReader(path: path, from: 0, sizeBytes: size)
    sum = try StreamSum(path: path)
    do {
      guard case .annotation = try reader.next(),
        let (annotation, stored, covered) = StreamAnnotation.read(reader.line),
        case .header(let header) = annotation, try sum.advance(to: UInt64(covered)) == stored
      else { throw Unreadable(detail: StreamReader.foreign) }
      self.header = header
      section = header
      offset = header.after
      if header.database != nil {
        guard try reader.next() == .command, reader.command.keyword(0) == "SELECT" else {
          throw Unreadable(detail: "its beginning is damaged")
        }
      }
      firstByte = reader.offset
      (wholeBytes, wholeOffset) = (reader.offset, header.after)
    } catch is AOFDamage {
      throw Unreadable(detail: StreamReader.foreign)
    }
  }

  private static let foreign =
    "its beginning is damaged, or it was recorded by a version that kept the names of keys alone; record it again with"
    + " `capture --follow`"

  func next() throws -> Item {
    do {
      switch try reader.next() {
      case .command:
        offset += reader.offset - reader.start
        return .command
      case .annotation(let second?):
        if section.countsAnnotations { offset += reader.offset - reader.start }
        return .second(second)
      case .annotation(nil): return try annotation()
      case .end:
        return .end(reason: wholeBytes == reader.offset ? nil : "it ends within a block, after offset \(wholeOffset)")
      case .torn: return .end(reason: "it ends within a block, after offset \(wholeOffset)")
      }
    } catch let damage as AOFDamage {
      return .end(reason: "it is damaged at byte \(damage.offset): \(damage.detail)")
    }
  }

  private func annotation() throws -> Item {
    guard let (annotation, stored, covered) = StreamAnnotation.read(reader.line) else {
      return .end(reason: "it is damaged at byte \(reader.start): an annotation that nobody writes")
    }
    guard try sum.advance(to: reader.start + UInt64(covered)) == stored else {
      return .end(reason: "it is damaged between bytes \(wholeBytes) and \(reader.start): their sum does not fit")
    }
    switch annotation {
    case .block(let stated), .untimed(let stated), .lost(let stated, _):
      guard stated == offset else {
        return .end(reason: "it says offset \(stated) where its commands lead to \(offset)")
      }
      (wholeBytes, wholeOffset) = (reader.offset, offset)
      if case .lost(_, let reason) = annotation { return .end(reason: reason) }
      if case .untimed = annotation { return .untimed }
      return .block
    case .header(let header):
      section = header
      offset = header.after
      if header.database != nil {
        guard try reader.next() == .command, reader.command.keyword(0) == "SELECT" else {
          return .end(reason: "it is damaged at byte \(reader.start): a database that is not selected")
        }
      }
      return .section
    }
  }

}

/// The running sum over a file's bytes, read apart from the commands so that these need not be held.
private struct StreamSum {
  private let source: FileByteSource
  private let buffer = GrowingBuffer<UInt8>(capacity: 64 << 10)
  private var sum = CRC64()
  private var position: UInt64 = 0

  init(path: String) throws { source = try FileByteSource(path: path) }

  /// The sum of all bytes before `end`.
  mutating func advance(to end: UInt64) throws -> UInt64 {
    while position < end {
      let room = UnsafeMutableRawBufferPointer(
        start: buffer.base, count: Int(min(end - position, UInt64(64 << 10))))
      let count = try source.read(into: room)
      guard count > 0 else { break }
      sum.update(UnsafeRawBufferPointer(rebasing: room[..<count]))
      position += UInt64(count)
    }
    return sum.value
  }
}
