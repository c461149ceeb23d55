internal import DrillModel
internal import Glibc

/// Writes one shard's replication stream as an append-only log that a server loads: the commands as they came, a time
/// stamp (`#TS:`, the second in which the command that follows was received here) where the second changed, and after
/// each batch an annotation with its offset and sum.
///
/// A command's offset is the header's and the bytes of all commands up to its end: none is left out, `PING` neither.
/// What was fetched from a backlog has no times, and an annotation says so. The `SELECT` that a header with a database
/// is followed by is ours, and does not count. Of a server's own file time stamps come along and count, as they do there.
///
/// Source: redis 7.0 src/aof.c `genAofTimestampAnnotationIfNeeded` (the form of `#TS:`).
final class StreamRecorder {
  private let descriptor: CInt
  private let shard: String
  private var takesAnnotations = false
  private var extent = RESPExtent(limits: StreamRecorder.limits)
  /// The beginning of a command that has not come in full.
  private var rest: [UInt8] = []
  /// The one that was written last, and one that was received and belongs to the next command.
  private var second: Int64?
  private var nextSecond: Int64?
  private var isUntimed = false
  private var sum = CRC64()
  /// The offset after the last whole command.
  private(set) var offset: UInt64
  /// Whether that command belongs to a transaction whose end has not come.
  private(set) var isInTransaction = false

  private static let limits = RESPLimits(replyBytes: 1 << 30)

  /// The name of a shard's log in its folder.
  static func path(folder: String, shard: String) -> String { "\(folder)/\(shard).aof" }

  /// Whether somebody records the log now. A recorder locks its file, and the kernel lets go of that however it ends;
  /// true as well where the file system does not tell.
  static func isRecording(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { Glibc.close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0
  }

  /// Begins a log.
  ///
  /// - Throws: `DrillError` with `io`: a file is there already, or cannot be written.
  init(path: String, _ header: StreamHeader) throws {
    shard = header.shard
    offset = header.after
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw StreamRecorder.failure("cannot be created", header.shard) }
    // Who asks whether it is held has it for a moment.
    while flock(descriptor, LOCK_EX) == -1, errno == EINTR {}
    try begin(header)
  }

  /// Goes on with commands of another history.
  func begin(_ header: StreamHeader) throws {
    precondition(rest.isEmpty, "a stream that goes on elsewhere ends with a whole command")
    var bytes: [UInt8] = []
    append(.header(header), to: &bytes)
    if let database = header.database {
      let start = bytes.count
      RESPEncoder.append([Array("SELECT".utf8), Array(String(database).utf8)], to: &bytes)
      add(bytes[start...])
    }
    (offset, takesAnnotations) = (header.after, header.countsAnnotations)
    append(.block(offset: offset), to: &bytes)
    try write(bytes)
  }

  deinit { Glibc.close(descriptor) }

  /// Takes the stream's next bytes and writes what is whole of them.
  ///
  /// - Parameter isTimed: whether they were received when they were made.
  /// - Throws: `DrillError`: `protocol-violation`, `io`.
  func take(_ received: ReceivedBytes, isTimed: Bool = true) throws {
    var input = rest
    input.append(contentsOf: received.bytes)
    let carried = rest.count
    var output: [UInt8] = []
    output.reserveCapacity(input.count + 256)
    var position = 0
    var stamps = isTimed ? received.seconds[...] : []
    if !isTimed, !isUntimed {
      append(.untimed(offset: offset), to: &output)
      (isUntimed, second, nextSecond) = (true, nil, nil)
    }
    let begun = output.count
    do {
      try input.withUnsafeBytes { buffer in
        while position < buffer.count {
          // A server keeps an idle link alive with line breaks, which count as nothing.
          if buffer[position] == 0x0A || buffer[position] == 0x0D {
            position += 1
            continue
          }
          if takesAnnotations, buffer[position] == UInt8(ascii: "#") {
            guard let end = buffer[position...].firstIndex(of: 0x0A) else { break }
            output.append(contentsOf: buffer[position...end])
            offset += UInt64(end + 1 - position)
            position = end + 1
            continue
          }
          guard buffer[position] == UInt8(ascii: "*") else { throw RESPParser.Violation(detail: "not a command") }
          guard let length = try extent.advance(UnsafeRawBufferPointer(rebasing: buffer[position...])) else { break }
          let end = position + length
          var stamp = nextSecond
          nextSecond = nil
          while let next = stamps.first, next.position + carried < end {
            stamp = next.second
            stamps.removeFirst()
          }
          if let stamp, stamp != second {
            (second, isUntimed) = (stamp, false)
            output.append(contentsOf: "#TS:\(stamp)\r\n".utf8)
          }
          output.append(contentsOf: buffer[position..<end])
          noteTransaction(UnsafeRawBufferPointer(rebasing: buffer[position..<end]))
          offset += UInt64(length)
          position = end
        }
      }
    } catch let violation as RESPParser.Violation {
      throw DrillError(.protocolViolation, subject: shard, detail: "not a replication stream: \(violation.detail)")
    }
    if let last = stamps.last { nextSecond = last.second }
    rest.removeAll(keepingCapacity: true)
    rest.append(contentsOf: input[position...])
    guard !output.isEmpty else { return }
    add(output[begun...])
    append(.block(offset: offset), to: &output)
    try write(output)
  }

  /// Drops the beginning of a command, which comes again over another link.
  func forgetRest() {
    rest.removeAll(keepingCapacity: true)
    extent = RESPExtent(limits: StreamRecorder.limits)
  }

  /// Source: redis 7.0 src/multi.c, `execCommandPropagateMulti`: both words stand alone.
  private func noteTransaction(_ command: UnsafeRawBufferPointer) {
    guard (14...15).contains(command.count) else { return }
    let text = String(decoding: command, as: UTF8.self).uppercased()
    if text == "*1\r\n$5\r\nMULTI\r\n" { isInTransaction = true }
    if text == "*1\r\n$4\r\nEXEC\r\n" { isInTransaction = false }
  }

  /// Says that nothing is known from here on.
  func giveUp(_ reason: String) throws {
    var bytes: [UInt8] = []
    append(.lost(offset: offset, reason: reason), to: &bytes)
    try write(bytes)
  }

  private func append(_ annotation: StreamAnnotation, to bytes: inout [UInt8]) {
    let text = Array(annotation.text.utf8)
    add(text[...])
    let digits = String(sum.value, radix: 16)
    let line = Array((String(repeating: "0", count: 16 - digits.count) + digits + "\r\n").utf8)
    add(line[...])
    bytes += text
    bytes += line
  }

  private func add(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { sum.update($0) } }

  private func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { bytes in
      var rest = bytes
      while let base = rest.baseAddress, rest.count > 0 {
        let count = Glibc.write(descriptor, base, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw StreamRecorder.failure("cannot be written", shard) }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
  }

  private static func failure(_ what: String, _ shard: String) -> DrillError {
    DrillError(.io, subject: shard, detail: "the change stream \(what): \(String(cString: strerror(errno)))")
  }
}
