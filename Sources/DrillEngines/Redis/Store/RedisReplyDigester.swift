internal import DrillCrypto
internal import DrillModel

/// Turns one whole reply into a recorded answer: the digest of exactly the bytes that ``Answer/canonicalBytes`` are.
///
/// Strings, integers, nulls and arrays in order are written in canonical form straight from the reply; what has to be
/// sorted, read as a number or told from an error goes through ``RedisAnswer``.
struct RedisReplyDigester {
  private var canonical: [UInt8] = []
  /// Answers are of few shapes: their words are made once.
  private var blobShapes: [Int: String] = [:]
  private var arrayShapes: [Int: String] = [:]

  /// - Parameter reply: the bytes of one reply, all of it.
  /// - Throws: ``RESPParser/Violation``.
  mutating func answer(_ reply: UnsafeRawBufferPointer, _ form: RedisAnswer.Form) throws -> RecordedAnswer {
    if case .plain = form, let shape = try plain(reply) {
      return RecordedAnswer(digest: canonical.withUnsafeBytes { SHA256.digest($0) }, shape: shape)
    }
    var value: RESPValue?
    // The extent is known, and so within the limits.
    var parser = RESPParser(limits: RESPLimits(replyBytes: .max, depth: .max, lineBytes: .max))
    _ = try parser.feed(reply) { value = $0 }
    guard let value else { throw RESPParser.Violation(detail: "a reply that is not whole") }
    switch RedisAnswer.reply(value, form) {
    case .answered(let answer):
      return RecordedAnswer(digest: SHA256.digest(answer.canonicalBytes), shape: answer.shape)
    case .indeterminate(let reason): return RecordedAnswer(digest: nil, shape: reason)
    }
  }

  /// Writes the canonical form of a reply without errors in it, and returns its shape; nil for any other.
  private mutating func plain(_ reply: UnsafeRawBufferPointer) throws -> String? {
    canonical.removeAll(keepingCapacity: true)
    var position = 0
    guard try append(reply, &position) else { return nil }
    guard let kind = reply.first else { return nil }
    switch kind {
    case UInt8(ascii: "$"):
      guard canonical[0] != Atom.null else { return "nothing" }
      return remembered(canonical.count - 9, in: &blobShapes) { Answer.blob([UInt8](repeating: 0, count: $0)).shape }
    case UInt8(ascii: "*"):
      guard canonical[0] != Atom.null else { return "nothing" }
      let count = canonical.withUnsafeBytes {
        Int(UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 1, as: UInt64.self)))
      }
      return remembered(count, in: &arrayShapes) { Answer.array(Array(repeating: .null, count: $0)).shape }
    case UInt8(ascii: ":"): return Answer.integer(0).shape
    default: return Answer.text([UInt8](repeating: 0, count: canonical.count - 9)).shape
    }
  }

  private func remembered(_ count: Int, in shapes: inout [Int: String], _ make: (Int) -> String) -> String {
    if let shape = shapes[count] { return shape }
    let shape = make(count)
    if shapes.count < 4096 { shapes[count] = shape }
    return shape
  }

  /// Appends the reply at `position`; false where there is an error in it, whose place in an answer is not for here.
  private mutating func append(_ reply: UnsafeRawBufferPointer, _ position: inout Int) throws -> Bool {
    let kind = reply[position]
    var end = position + 1
    while reply[end] != 0x0D { end += 1 }
    let line = UnsafeRawBufferPointer(rebasing: reply[position + 1..<end])
    position = end + 2
    switch kind {
    case UInt8(ascii: "$"):
      guard line.first != UInt8(ascii: "-") else {
        canonical.append(Atom.null)
        return true
      }
      let count = Int(try RESPParser.integer(line))
      canonical.appendBlob(UnsafeRawBufferPointer(rebasing: reply[position..<position + count]))
      position += count + 2
    case UInt8(ascii: ":"): canonical.appendInteger(try RESPParser.integer(line))
    case UInt8(ascii: "+"):
      // As text is: where its bytes are no UTF-8, they are what decoding makes of them.
      guard line.allSatisfy({ $0 < 0x80 }) else { return false }
      canonical.appendText(line)
    case UInt8(ascii: "*"):
      guard line.first != UInt8(ascii: "-") else {
        canonical.append(Atom.null)
        return true
      }
      let count = try RESPParser.integer(line)
      canonical.append(5)
      canonical.appendLittleEndian(UInt64(count))
      for _ in 0..<count {
        guard try append(reply, &position) else { return false }
      }
    default: return false
    }
    return true
  }
}
