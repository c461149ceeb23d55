public import DrillModel

/// An uncompressed POSIX tar of plain files, in one form alone: equal files and an equal time give equal bytes.
///
/// Sorted names, mode 0644, owner 0, one time for all, nothing but zeros where nothing belongs. The reader takes that form only, so that whatever
/// was changed, added, hidden between entries or put after the end is seen.
/// Source: IEEE Std 1003.1-2017, pax, "ustar Interchange Format".
public enum TarArchive {
  static let block = 512

  /// The archive's bytes.
  ///
  /// - Precondition: names are ``isName(_:)``, and each stands there once.
  public static func encode(_ entries: [TarEntry], time: Instant) -> [UInt8] {
    let sorted = entries.sorted { $0.name < $1.name }
    precondition(zip(sorted, sorted.dropFirst()).allSatisfy { $0.name != $1.name }, "a name stands there twice")
    var bytes: [UInt8] = []
    bytes.reserveCapacity(sorted.reduce(2 * block) { $0 + block + padded($1.bytes.count) })
    for entry in sorted {
      bytes += header(entry.name, size: entry.bytes.count, time: time)
      bytes += entry.bytes
      bytes += [UInt8](repeating: 0, count: padded(entry.bytes.count) - entry.bytes.count)
    }
    return bytes + [UInt8](repeating: 0, count: 2 * block)
  }

  /// Reads an archive.
  ///
  /// - Returns: the files in their order, which is that of their names, and the one time of all; never empty.
  /// - Throws: ``Refusal``.
  public static func decode(_ bytes: [UInt8]) throws(Refusal) -> (entries: [TarEntry], time: Instant) {
    var entries: [TarEntry] = []
    var time: Instant?
    var position = 0
    while true {
      guard position + block <= bytes.count else { throw Refusal(.truncated, "the archive ends early", position) }
      let head = bytes[position..<position + block]
      if head.allSatisfy({ $0 == 0 }) { break }
      let entry = try entry(head, in: bytes, at: position, after: entries.last?.name)
      let stamp = try octal(head, 136, 12, at: position)
      let entryTime = Instant(millisecondsSince1970: Int64(stamp) * 1000)
      guard time == nil || time == entryTime else {
        throw Refusal(.notCanonical, "entries have different times", position)
      }
      guard Array(head) == header(entry.name, size: entry.bytes.count, time: entryTime) else {
        throw Refusal(.notCanonical, "the header of “\(entry.name)” is not in the one form", position)
      }
      time = entryTime
      entries.append(entry)
      position += block + padded(entry.bytes.count)
    }
    guard position + 2 * block <= bytes.count else { throw Refusal(.truncated, "the archive ends early", position) }
    guard bytes[position..<position + 2 * block].allSatisfy({ $0 == 0 }) else {
      throw Refusal(.notCanonical, "the archive's end is not two empty blocks", position)
    }
    guard position + 2 * block == bytes.count else {
      throw Refusal(
        .trailingBytes, "\(bytes.count - position - 2 * block) bytes follow the archive's end", position + 2 * block)
    }
    guard let time else { throw Refusal(.truncated, "the archive is empty", 0) }
    return (entries, time)
  }

  /// Whether a name may stand in an archive: relative, no part that is empty or begins with a dot, letters, digits, `.`, `-` and `_` alone, at most
  /// 100 bytes.
  public static func isName(_ name: String) -> Bool {
    guard !name.isEmpty, name.utf8.count <= 100 else { return false }
    return name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { part in
      guard let first = part.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-") else { return false }
      return part.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
    }
  }

  /// Why an archive was refused, and at which byte.
  public struct Refusal: Error, Hashable, Sendable {
    public enum Reason: String, Sendable {
      case truncated
      /// A name that is absolute, leads out of the archive, or has other characters than ours have.
      case badName = "bad-name"
      /// A link, a folder, a device.
      case notAFile = "not-a-file"
      case duplicate
      case trailingBytes = "trailing-bytes"
      /// A byte that is not zero between a file's end and the next header.
      case padding
      /// Anything else that this program does not write.
      case notCanonical = "not-canonical"
    }
    public var reason: Reason
    public var detail: String
    public var offset: Int

    init(_ reason: Reason, _ detail: String, _ offset: Int) {
      self.reason = reason
      self.detail = detail
      self.offset = offset
    }
  }

  private static func entry(
    _ head: ArraySlice<UInt8>, in bytes: [UInt8], at position: Int, after previous: String?
  ) throws(Refusal) -> TarEntry {
    func field(_ offset: Int, _ count: Int) -> ArraySlice<UInt8> {
      head[(head.startIndex + offset)..<(head.startIndex + offset + count)]
    }
    guard field(257, 6).elementsEqual(magic) else { throw Refusal(.notCanonical, "no ustar header", position) }
    let name = String(decoding: field(0, 100).prefix { $0 != 0 }, as: UTF8.self)
    let prefix = field(345, 155)
    guard prefix.allSatisfy({ $0 == 0 }), isName(name) else {
      throw Refusal(.badName, "an entry has the name “\(name.prefix(100))”, which no file of ours has", position)
    }
    guard field(156, 1).first == UInt8(ascii: "0") else {
      throw Refusal(.notAFile, "“\(name)” is not a plain file", position)
    }
    if let previous {
      guard previous != name else { throw Refusal(.duplicate, "“\(name)” stands there twice", position) }
      guard previous < name else { throw Refusal(.notCanonical, "“\(name)” is not in its place", position) }
    }
    let size = try octal(head, 124, 12, at: position)
    let start = position + block
    guard size <= bytes.count - start, padded(size) <= bytes.count - start else {
      throw Refusal(.truncated, "the archive ends within “\(name)”", position)
    }
    guard bytes[start + size..<start + padded(size)].allSatisfy({ $0 == 0 }) else {
      throw Refusal(.padding, "bytes are hidden after the end of “\(name)”", start + size)
    }
    return TarEntry(name, Array(bytes[start..<start + size]))
  }

  private static func octal(
    _ head: ArraySlice<UInt8>, _ offset: Int, _ count: Int, at position: Int
  ) throws(Refusal) -> Int {
    let digits = head[(head.startIndex + offset)..<(head.startIndex + offset + count - 1)]
    var value = 0
    for digit in digits {
      guard (0x30...0x37).contains(digit) else { throw Refusal(.notCanonical, "a number is not octal", position) }
      value = value << 3 | Int(digit - 0x30)
    }
    return value
  }

  private static let magic: [UInt8] = Array("ustar".utf8) + [0]

  private static func header(_ name: String, size: Int, time: Instant) -> [UInt8] {
    precondition(isName(name), "no name for an archive: \(name)")
    func number(_ value: Int, _ count: Int) -> [UInt8] {
      let digits = String(value, radix: 8)
      precondition(digits.utf8.count < count, "too large for an archive")
      return Array((String(repeating: "0", count: count - 1 - digits.utf8.count) + digits).utf8) + [0]
    }
    func text(_ text: String, _ count: Int) -> [UInt8] {
      Array(text.utf8) + [UInt8](repeating: 0, count: count - text.utf8.count)
    }
    var header = text(name, 100) + number(0o644, 8) + number(0, 8) + number(0, 8)
    header += number(size, 12) + number(Int(max(0, time.millisecondsSince1970 / 1000)), 12)
    header += Array(repeating: 0x20, count: 8) + [UInt8(ascii: "0")] + text("", 100) + magic + Array("00".utf8)
    header += text("", 32) + text("", 32) + number(0, 8) + number(0, 8) + text("", 155) + text("", 12)
    let sum = header.reduce(0) { $0 + Int($1) }
    header.replaceSubrange(148..<156, with: number(sum, 7) + [0x20])
    return header
  }

  private static func padded(_ count: Int) -> Int { (count + block - 1) / block * block }
}
