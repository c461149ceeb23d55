internal import DrillModel
internal import NIOCore
internal import Synchronization

/// Reads what a server sends to a replica: line breaks while it waits, `+FULLRESYNC` and the snapshot or `+CONTINUE`,
/// then the commands.
///
/// Source: redis 7.0 src/replication.c, `readSyncBulkPayload` (the end of a diskless transfer is a mark of 40 bytes
/// that the first line announces) and
/// `replicationCron` (a line break a second to a replica that waits for its snapshot).
final class ReplicationHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum State {
    case line
    /// A diskless snapshot that ends with this mark; `held` are its last bytes so far, which may be the mark.
    case marked(mark: [UInt8], held: [UInt8])
    case counted(UInt64)
    case commands
    case ended
  }

  /// What others may see of the link while it works.
  struct Progress: Sendable {
    /// When the server's replication cron last ran, as its line breaks show; it forks in one of its runs, about a
    /// second apart.
    var lastTick: ContinuousClock.Instant?
    /// Bytes of the snapshot so far.
    var received: UInt64 = 0
    var hasResynced = false
    /// Whether the server goes on where it was asked to.
    var hasContinued = false
    /// Whether the snapshot is there in full.
    var isComplete = false
  }

  private static let markLength = 40
  private static let lineLimit = 4096

  private let subject: String
  private let snapshotSink: any ReplicationSink
  private let commandSink: (any ReplicationSink)?
  private let resync: EventLoopPromise<ReplicationPosition>
  private let snapshot: EventLoopPromise<UInt64>
  private let progress: ProgressBox
  private var state = State.line
  private var line: [UInt8] = []
  private var received: UInt64 = 0
  private var isReadDeferred = false
  /// Starts the acknowledgements of nothing that keep a following link alive, and make the server send commands after a
  /// diskless snapshot.
  private var keepAlive: (() -> Void)?
  private var keepAliveTask: RepeatedTask?

  final class ProgressBox: Sendable {
    let value = Mutex(Progress())
  }

  /// - Parameter commandSink: takes the commands after the snapshot; nil: they are dropped.
  init(
    subject: String, snapshotSink: any ReplicationSink, commandSink: (any ReplicationSink)?,
    resync: EventLoopPromise<ReplicationPosition>,
    snapshot: EventLoopPromise<UInt64>, progress: ProgressBox
  ) {
    self.subject = subject
    self.snapshotSink = snapshotSink
    self.commandSink = commandSink
    self.resync = resync
    self.snapshot = snapshot
    self.progress = progress
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let channel = context.channel
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    let resume: @Sendable () -> Void = {
      channel.eventLoop.execute {
        guard bound.value.isReadDeferred else { return }
        bound.value.isReadDeferred = false
        channel.read()
      }
    }
    snapshotSink.onRoom(resume)
    guard let commandSink else { return }
    commandSink.onRoom(resume)
    keepAlive = { [unowned self] in
      keepAliveTask = channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .seconds(1)) { _ in
        var buffer = channel.allocator.buffer(capacity: 64)
        RESPEncoder.encode([["REPLCONF", "ACK", "0"].map { Array($0.utf8) }], into: &buffer)
        channel.writeAndFlush(buffer, promise: nil)
      }
    }
  }

  func read(context: ChannelHandlerContext) {
    if currentSink?.hasRoom ?? true { context.read() } else { isReadDeferred = true }
  }

  private var currentSink: (any ReplicationSink)? {
    switch state {
    case .line, .ended: nil
    case .marked, .counted: snapshotSink
    case .commands: commandSink
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let buffer = unwrapInboundIn(data)
    do {
      try buffer.withUnsafeReadableBytes { bytes in
        var rest = bytes
        while rest.count > 0 {
          let used = try take(rest)
          rest = UnsafeRawBufferPointer(rebasing: rest[used...])
        }
      }
      let received = self.received
      progress.value.withLock { $0.received = received }
    } catch {
      fail(error)
      context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(
      error as? DrillError
        ?? DrillError(
          .unreachable, subject: subject, detail: "the replication link failed: \(error)", underlying: error))
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(DrillError(.unreachable, subject: subject, detail: "the replication link was closed"))
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    fail(DrillError(.unreachable, subject: subject, detail: "the replication link was closed"))
  }

  private func take(_ bytes: UnsafeRawBufferPointer) throws -> Int {
    switch state {
    case .line: return try takeLine(bytes)
    case .marked(let mark, let held): return try takeMarked(bytes, mark, held)
    case .counted(let missing):
      let count = Int(min(missing, UInt64(bytes.count)))
      try deliver(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
      state = .counted(missing - UInt64(count))
      if missing == UInt64(count) { finishSnapshot() }
      return count
    case .commands:
      try commandSink?.take(bytes)
      return bytes.count
    case .ended: return bytes.count
    }
  }

  private func takeLine(_ bytes: UnsafeRawBufferPointer) throws -> Int {
    guard let end = bytes.firstIndex(of: 0x0A) else {
      line.append(contentsOf: bytes)
      guard line.count <= ReplicationHandler.lineLimit else {
        throw violation("a line of more than \(ReplicationHandler.lineLimit) bytes")
      }
      return bytes.count
    }
    line.append(contentsOf: bytes[..<end])
    if line.last == 0x0D { line.removeLast() }
    let text = String(decoding: line, as: UTF8.self)
    line.removeAll(keepingCapacity: true)
    try readLine(text)
    return end + 1
  }

  private func readLine(_ text: String) throws {
    if text.isEmpty {
      progress.value.withLock { $0.lastTick = .now }
    } else if text.hasPrefix("+FULLRESYNC ") {
      let words = text.split(separator: " ")
      guard words.count == 3, let offset = ReplicationPosition.offset(words[2]) else {
        throw violation("+FULLRESYNC without a position")
      }
      progress.value.withLock { $0.hasResynced = true }
      resync.succeed(ReplicationPosition(history: String(words[1]), offset: offset))
    } else if text.hasPrefix("$EOF:") {
      let mark = Array(text.utf8.dropFirst(5))
      guard mark.count == ReplicationHandler.markLength else { throw violation("an end mark of \(mark.count) bytes") }
      state = .marked(mark: mark, held: [])
    } else if text.hasPrefix("$") {
      guard let length = UInt64(text.dropFirst()) else { throw violation("a snapshot of unreadable length") }
      state = .counted(length)
      if length == 0 { finishSnapshot() }
    } else if text.hasPrefix("-") {
      throw RedisConnection.error(.error(String(text.dropFirst())), subject: subject, command: ["PSYNC"])
        ?? violation("an error")
    } else if text.hasPrefix("+CONTINUE") {
      // What follows is no snapshot but the commands after the position that was asked for.
      guard commandSink != nil else { throw violation("+CONTINUE where a snapshot was asked for") }
      progress.value.withLock { $0.hasContinued = true }
      finishSnapshot()
    } else {
      throw violation("a line that no server sends to a replica")
    }
  }

  private func takeMarked(_ bytes: UnsafeRawBufferPointer, _ mark: [UInt8], _ held: [UInt8]) throws -> Int {
    var last: [UInt8]
    if bytes.count >= ReplicationHandler.markLength {
      try held.withUnsafeBytes(deliver)
      let end = bytes.count - ReplicationHandler.markLength
      try deliver(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
      last = Array(bytes[end...])
    } else {
      last = held
      last.append(contentsOf: bytes)
      let surplus = last.count - ReplicationHandler.markLength
      if surplus > 0 {
        try last.withUnsafeBytes { try deliver(UnsafeRawBufferPointer(rebasing: $0[..<surplus])) }
        last.removeFirst(surplus)
      }
    }
    // The server sends nothing after the mark until it hears from us, so the mark is where the bytes end.
    if last == mark {
      finishSnapshot()
    } else {
      state = .marked(mark: mark, held: last)
    }
    return bytes.count
  }

  private func deliver(_ bytes: UnsafeRawBufferPointer) throws {
    guard bytes.count > 0 else { return }
    received += UInt64(bytes.count)
    try snapshotSink.take(bytes)
  }

  private func finishSnapshot() {
    state = .commands
    let received = self.received
    progress.value.withLock {
      $0.received = received
      $0.isComplete = true
    }
    snapshotSink.end(nil)
    snapshot.succeed(received)
    keepAlive?()
  }

  private func violation(_ detail: String) -> DrillError {
    DrillError(.protocolViolation, subject: subject, detail: "not what a server sends to a replica: \(detail)")
  }

  private func fail(_ error: any Error) {
    keepAliveTask?.cancel()
    keepAlive = nil
    switch state {
    case .line, .marked, .counted: snapshotSink.end(error)
    case .commands, .ended: break
    }
    commandSink?.end(error)
    state = .ended
    resync.fail(error)
    snapshot.fail(error)
  }
}
