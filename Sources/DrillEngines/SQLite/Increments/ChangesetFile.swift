import DrillCrypto
import DrillModel
import Foundation
import GRDBSQLite

/// An increment of one shard: two lines of text, and then a changeset as SQLite writes it.
///
/// ```
/// firedrill changeset 1 <SHA-256 of all that follows this line, hexadecimal>
/// {"shard":…,"from":…,"to":…,"numbers":{…},"copied":[…]}
/// <changeset>
/// ```
///
/// So `tail -n +3` makes of it what `sqlite3changeset_apply` takes. A changeset cannot carry everything: tables that it
/// cannot carry lie whole in a small database beside it, see ``CopiedTables``.
struct ChangesetFile {
  /// As ``Artifact/format``.
  static let format = "sqlite-changeset"
  private static let magic = "firedrill changeset 1 "
  private static let firstLine = magic.utf8.count + 64 + 1
  /// Most bytes of the second line.
  private static let largestHeader = 16 << 20

  struct Header: Codable, Hashable {
    var shard: String
    /// Positions, as in ``Cut/positions``.
    var from: String
    var to: String
    /// `user_version` and `application_id` at its end.
    var numbers: [String: Int64]
    /// The tables that lie in the database beside it.
    var copied: [CopiedTables.Table]
  }

  var header: Header
  /// Where the changeset begins in the file.
  var bodyOffset: UInt64

  /// Makes a file: the header, and what `body` writes.
  static func write(_ header: Header, to path: String, _ body: (FileHandle) throws -> Void) throws {
    func failure(_ detail: String, _ error: (any Error)?) -> DrillError {
      DrillError(.io, subject: header.shard, detail: detail, underlying: error)
    }
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw failure("an increment cannot be made: \(String(cString: strerror(errno)))", nil)
    }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    do {
      // The digest stands first and is known last.
      try file.write(contentsOf: Data((magic + String(repeating: "0", count: 64) + "\n").utf8))
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      try file.write(contentsOf: try encoder.encode(header) + Data("\n".utf8))
      try body(file)
      let digest = try digest(of: descriptor, from: UInt64(firstLine))
      try file.seek(toOffset: UInt64(magic.utf8.count))
      try file.write(contentsOf: Data(digest.hex.utf8))
      try file.close()
    } catch let error as SQLiteFailure {
      throw error
    } catch {
      throw failure("an increment cannot be written", error)
    }
  }

  /// Reads the two lines, and all of the changeset with bounds; what is wrong with it is a problem.
  ///
  /// - Throws: `DrillError` with `artifact-io` where the file cannot be read.
  static func read(
    _ path: String, shard: String
  ) throws -> (
    file: ChangesetFile?, tables: [ChangesetReader.Table], problems: [ReadFacts.Problem]
  ) {
    let bytes = try ByteStream(path: path, subject: shard)
    func damaged(_ detail: String, at offset: UInt64) -> ReadFacts.Problem {
      .init(.undecodable, offset: Int64(clamping: offset), detail: detail)
    }
    guard let first = try bytes.line(atMost: firstLine), first.starts(with: magic.utf8), first.count == firstLine - 1
    else { return (nil, [], [damaged("it does not begin as an increment does", at: 0)]) }
    let stored = String(decoding: first.dropFirst(magic.utf8.count), as: UTF8.self)
    guard let second = try bytes.line(atMost: largestHeader) else {
      return (nil, [], [damaged("its header has no end", at: UInt64(firstLine))])
    }
    let body = bytes.offset
    guard try digest(of: bytes.descriptor, from: UInt64(firstLine)).hex == stored else {
      return (nil, [], [damaged("its own SHA-256 is not that of its bytes", at: UInt64(magic.utf8.count))])
    }
    guard let header = try? JSONDecoder().decode(Header.self, from: Data(second)) else {
      return (nil, [], [damaged("its header is not of the documented form", at: UInt64(firstLine))])
    }
    let (tables, problem) = try ChangesetReader.read(bytes)
    return (ChangesetFile(header: header, bodyOffset: body), tables, [problem].compactMap { $0 })
  }

  private static func digest(of descriptor: Int32, from offset: UInt64) throws -> Digest {
    var hash = SHA256()
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var offset = offset
    while true {
      let count = buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
      guard count >= 0 else { throw SQLiteFailure(SQLITE_IOERR, "read") }
      if count == 0 { return hash.finalize() }
      buffer.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      offset += UInt64(count)
    }
  }
}

/// The bytes of a file from front to back, a small window of them in memory.
final class ByteStream {
  let descriptor: Int32
  private let subject: String
  private var window = [UInt8](repeating: 0, count: 1 << 16)
  private var place = 0
  private var count = 0
  /// Where the next byte lies in the file.
  private(set) var offset: UInt64 = 0
  let sizeBytes: UInt64

  /// - Throws: `DrillError` with `artifact-io`.
  init(path: String, subject: String) throws {
    descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    self.subject = subject
    var status = stat()
    guard descriptor >= 0, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      let reason = descriptor < 0 ? String(cString: strerror(errno)) : "not a plain file"
      if descriptor >= 0 { close(descriptor) }
      throw DrillError(.artifactUnreadable, subject: subject, detail: reason)
    }
    sizeBytes = UInt64(max(0, status.st_size))
  }

  deinit { close(descriptor) }

  var left: UInt64 { sizeBytes - min(offset, sizeBytes) }

  /// The next byte; nil at the end.
  func next() throws -> UInt8? {
    if place == count {
      place = 0
      count = window.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
      guard count >= 0 else {
        count = 0
        throw DrillError(.artifactUnreadable, subject: subject, detail: String(cString: strerror(errno)))
      }
      if count == 0 { return nil }
    }
    defer {
      place += 1
      offset += 1
    }
    return window[place]
  }

  /// Passes over bytes; false where there are fewer.
  func skip(_ bytes: UInt64) -> Bool {
    guard bytes <= left else { return false }
    offset += bytes
    if bytes <= UInt64(count - place) {
      place += Int(bytes)
    } else {
      (place, count) = (0, 0)
    }
    return true
  }

  /// Up to a line's end, without it; nil where it does not end within `limit` bytes.
  func line(atMost limit: Int) throws -> [UInt8]? {
    var line: [UInt8] = []
    while line.count < limit, let byte = try next() {
      if byte == 0x0A { return line }
      line.append(byte)
    }
    return nil
  }
}
