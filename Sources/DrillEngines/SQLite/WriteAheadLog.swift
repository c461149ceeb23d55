import DrillModel
import Foundation

/// What a `-wal` file holds, read without SQLite: SQLite passes over a log, or the rest of one, that it cannot verify, and
/// says nothing.
///
/// Source: https://www.sqlite.org/fileformat2.html, section 4
struct WriteAheadLog: Hashable {
  var sizeBytes: UInt64 = 0
  var pageSize: UInt64 = 0
  /// Frames of whole transactions: what SQLite applies.
  var committedFrames: UInt64 = 0
  /// Frames after them that no commit follows, or that do not verify: an unfinished transaction, which SQLite does not apply.
  var unfinishedFrames: UInt64 = 0
  /// Where the first frame begins that carries this log's salts and does not verify, although a commit of this log follows; its
  /// transactions are lost.
  var damagedAt: UInt64?
  /// Why it is no log; nil where it is one.
  var refusal: String?

  private static let headerCount = 32
  private static let frameHeaderCount = 24

  /// Reads the file in full.
  ///
  /// - Throws: `DrillError` with `artifact-io` where it cannot be read.
  init(path: String, subject: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw Self.failure(subject) }
    defer { close(descriptor) }
    var header = [UInt8](repeating: 0, count: Self.headerCount)
    let count = try Self.fill(&header, from: descriptor, subject)
    sizeBytes = UInt64(count)
    guard count == Self.headerCount else {
      refusal = "it is shorter than a log's head"
      return
    }
    guard let start = head(header) else { return }
    try readFrames(descriptor, start, subject)
  }

  /// The sums and salts that frames go on from.
  private struct Start {
    var isBigEndian: Bool
    var salts: [UInt8]
    var sum: Sum
  }

  private struct Sum: Hashable {
    var a: UInt32 = 0
    var b: UInt32 = 0

    /// - Precondition: a multiple of eight bytes.
    mutating func add(_ bytes: UnsafeRawBufferPointer, isBigEndian: Bool) {
      for offset in stride(from: 0, to: bytes.count, by: 8) {
        let (x, y) = (
          bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self),
          bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
        )
        a &+= (isBigEndian ? UInt32(bigEndian: x) : UInt32(littleEndian: x)) &+ b
        b &+= (isBigEndian ? UInt32(bigEndian: y) : UInt32(littleEndian: y)) &+ a
      }
    }

    func isStored(in bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
      a == Self.word(bytes, offset) && b == Self.word(bytes, offset + 4)
    }

    static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
      UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
  }

  private mutating func head(_ header: [UInt8]) -> Start? {
    header.withUnsafeBytes { bytes -> Start? in
      let magic = Sum.word(bytes, 0)
      guard magic & 0xffff_fffe == 0x377f_0682 else {
        refusal = "it does not begin as a log does"
        return nil
      }
      guard Sum.word(bytes, 4) == 3_007_000 else {
        refusal = "its format \(Sum.word(bytes, 4)) is not known"
        return nil
      }
      pageSize = UInt64(Sum.word(bytes, 8))
      guard (512...65536).contains(pageSize), pageSize.nonzeroBitCount == 1 else {
        refusal = "its page size is none"
        return nil
      }
      var sum = Sum()
      let isBigEndian = magic & 1 == 1
      sum.add(UnsafeRawBufferPointer(rebasing: bytes[0..<24]), isBigEndian: isBigEndian)
      guard sum.isStored(in: bytes, at: 24) else {
        refusal = "the checksum of its head does not match"
        return nil
      }
      return Start(isBigEndian: isBigEndian, salts: Array(bytes[16..<24]), sum: sum)
    }
  }

  private mutating func readFrames(_ descriptor: Int32, _ start: Start, _ subject: String) throws {
    var frame = [UInt8](repeating: 0, count: Self.frameHeaderCount + Int(pageSize))
    var sum = start.sum
    var pending: UInt64 = 0
    var brokenAt: UInt64?
    while true {
      let count = try Self.fill(&frame, from: descriptor, subject)
      let offset = sizeBytes
      sizeBytes += UInt64(count)
      // A frame that is cut off was never committed.
      guard count == frame.count else { break }
      let (isOwn, isCommit, verifies) = frame.withUnsafeBytes { bytes -> (Bool, Bool, Bool) in
        guard Array(bytes[8..<16]) == start.salts else { return (false, false, false) }
        var next = sum
        next.add(UnsafeRawBufferPointer(rebasing: bytes[0..<8]), isBigEndian: start.isBigEndian)
        next.add(UnsafeRawBufferPointer(rebasing: bytes[Self.frameHeaderCount...]), isBigEndian: start.isBigEndian)
        let verifies = brokenAt == nil && Sum.word(bytes, 0) != 0 && next.isStored(in: bytes, at: 16)
        if verifies { sum = next }
        return (true, Sum.word(bytes, 4) != 0, verifies)
      }
      if verifies {
        pending += 1
        if isCommit {
          committedFrames += pending
          pending = 0
        }
      } else {
        // Frames of an earlier round of the log stand behind this one's, with other salts; what follows them is as old.
        if brokenAt == nil { brokenAt = isOwn ? offset : .max }
        // A last frame that does not verify is what a crash in the middle of a write leaves.
        if let brokenAt, brokenAt < offset, isOwn, isCommit { damagedAt = brokenAt }
        if isOwn { pending += 1 }
      }
    }
    unfinishedFrames = pending
  }

  private static func fill(_ buffer: inout [UInt8], from descriptor: Int32, _ subject: String) throws -> Int {
    var filled = 0
    while filled < buffer.count {
      let count = buffer.withUnsafeMutableBytes {
        read(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw failure(subject)
      }
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  private static func failure(_ subject: String) -> DrillError {
    DrillError(
      .artifactUnreadable, subject: subject,
      detail: "the -wal beside it cannot be read: \(String(cString: strerror(errno)))")
  }
}
