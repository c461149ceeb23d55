/// A line of our own in a recorded change stream: servers since 7.0 pass over lines that begin with `#`.
///
/// Each ends with `sum=` and 16 hexadecimal digits: the CRC-64 of all that stands before them in the file. So a log that
/// was cut off is whole up to its last annotation, and a byte that changed is told.
///
/// Source: redis 7.0 src/aof.c `loadSingleAppendOnlyFile` ("Skip annotations"), AOF_ANNOTATION_LINE_MAX_LEN.
enum StreamAnnotation: Hashable, Sendable {
  /// First in every log, and again where it goes on in another history.
  case header(StreamHeader)
  /// All that was received up to `offset` stands before it.
  case block(offset: UInt64)
  /// When the commands that follow were made is not known, until a time stamp comes: they were fetched afterwards.
  case untimed(offset: UInt64)
  /// What comes after `offset` could not be recorded.
  case lost(offset: UInt64, reason: String)

  static let mark = Array("#FD:".utf8)
  private static let longestReason = 200

  /// The line up to its sum.
  var text: String {
    switch self {
    case .header(let header):
      "#FD:STREAM version=1 shard=\(StreamAnnotation.escaped(header.shard)) history=\(StreamAnnotation.escaped(header.history))"
        + " after=\(header.after) database=\(header.database.map { String($0) } ?? "-")"
        + " counts=\(header.countsAnnotations ? "file" : "commands")"
        + " second=\(header.second.map { String($0) } ?? "-") sum="
    case .block(let offset): "#FD:BLOCK offset=\(offset) sum="
    case .untimed(let offset): "#FD:UNTIMED offset=\(offset) sum="
    case .lost(let offset, let reason):
      "#FD:LOST offset=\(offset) reason=\(StreamAnnotation.escaped(String(reason.prefix(StreamAnnotation.longestReason)))) sum="
    }
  }

  /// Reads a line without its end.
  ///
  /// - Returns: what it says, and how many of its bytes its sum covers; nil where it is none of ours, or of another version.
  static func read(_ line: [UInt8]) -> (annotation: StreamAnnotation, sum: UInt64, covered: Int)? {
    guard line.starts(with: mark) else { return nil }
    let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    var fields: [Substring: Substring] = [:]
    for word in words.dropFirst() {
      guard let sign = word.firstIndex(of: "=") else { return nil }
      fields[word[..<sign]] = word[word.index(after: sign)...]
    }
    guard let digits = fields["sum"], digits.utf8.count == 16, let sum = UInt64(digits, radix: 16),
      let annotation = annotation(words[0], fields)
    else { return nil }
    let text = Array(annotation.text.utf8)
    // Whatever else reads as the same was not written by us.
    guard line.count == text.count + 16, line.starts(with: text) else { return nil }
    return (annotation, sum, text.count)
  }

  private static func annotation(_ name: Substring, _ fields: [Substring: Substring]) -> StreamAnnotation? {
    switch name {
    case "#FD:STREAM":
      guard fields["version"] == "1", let shard = fields["shard"].flatMap(unescaped),
        let history = fields["history"].flatMap(unescaped),
        let after = fields["after"].flatMap(ReplicationPosition.offset),
        let database = fields["database"], database == "-" || UInt32(database) != nil, let counts = fields["counts"],
        ["file", "commands"].contains(counts), let second = fields["second"], second == "-" || Int64(second) != nil
      else { return nil }
      return .header(
        StreamHeader(
          shard: shard, history: history, after: after, database: UInt32(database), countsAnnotations: counts == "file",
          second: Int64(second)))
    case "#FD:BLOCK": return fields["offset"].flatMap(ReplicationPosition.offset).map { .block(offset: $0) }
    case "#FD:UNTIMED": return fields["offset"].flatMap(ReplicationPosition.offset).map { .untimed(offset: $0) }
    case "#FD:LOST":
      guard let offset = fields["offset"].flatMap(ReplicationPosition.offset),
        let reason = fields["reason"].flatMap(unescaped)
      else {
        return nil
      }
      return .lost(offset: offset, reason: reason)
    default: return nil
    }
  }

  /// Percent-encoded, but for what cannot end a word.
  private static func escaped(_ text: String) -> String {
    text.utf8.reduce(into: "") { escaped, byte in
      if (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
      {
        escaped.append(Character(Unicode.Scalar(byte)))
      } else {
        escaped += "%" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
      }
    }
  }

  private static func unescaped(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
        return nil
      }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Whose changes a stream holds, and from where on.
struct StreamHeader: Hashable, Sendable {
  var shard: String
  /// What offsets count in: a replication history, or a file of a server's own log.
  var history: String
  var after: UInt64
  /// The one that the first commands are meant for, which the log then selects itself; nil: it is not known until the
  /// stream selects one.
  var database: UInt32?
  /// Whether offsets are bytes of a server's own file, in which its time stamps stand too.
  var countsAnnotations = false
  /// The second of the last time stamp before, which holds until the next one; nil: none is known.
  var second: Int64?
}
