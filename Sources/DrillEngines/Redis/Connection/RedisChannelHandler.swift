internal import DrillModel
internal import NIOCore
internal import Synchronization

/// Commands in one buffer, and the promise of their replies.
struct RedisRequest: Sendable {
  var buffer: ByteBuffer
  var count: Int
  var timeout: TimeAmount
  var promise: EventLoopPromise<RedisReplies>
}

/// Why a connection is of no more use: the first reason, whoever asks.
final class RedisConnectionFailure: Sendable {
  private let first = Mutex<DrillError?>(nil)

  var error: DrillError? { first.withLock { $0 } }

  /// Records `error` unless there was one before; returns the first.
  func record(_ error: DrillError) -> DrillError {
    first.withLock { first in
      let reason = first ?? error
      first = reason
      return reason
    }
  }
}

/// Matches replies to requests, in order. After a time-out or a violation the connection is closed, since nothing could
/// be matched any more.
final class RedisChannelHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = RedisRequest
  typealias OutboundOut = ByteBuffer

  private final class Pending {
    let count: Int
    let promise: EventLoopPromise<RedisReplies>
    let sentAt: NIODeadline
    var values: [RESPValue] = []
    var elapsed: [Duration] = []
    var timeout: Scheduled<Void>?

    init(_ request: RedisRequest) {
      count = request.count
      promise = request.promise
      sentAt = .now()
      values.reserveCapacity(request.count)
      elapsed.reserveCapacity(request.count)
    }
  }

  private let subject: String
  private var parser: RESPParser
  private var rest = ByteBuffer()
  private var pending: CircularBuffer<Pending> = []
  private let failure: RedisConnectionFailure

  init(subject: String, limits: RESPLimits, failure: RedisConnectionFailure) {
    self.subject = subject
    self.failure = failure
    parser = RESPParser(limits: limits)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let request = unwrapOutboundIn(data)
    if let error = failure.error {
      request.promise.succeed(RedisReplies(values: [], elapsed: [], failure: error))
      promise?.succeed()
      return
    }
    guard request.count > 0 else {
      request.promise.succeed(RedisReplies(values: [], elapsed: [], failure: nil))
      promise?.succeed()
      return
    }
    let entry = Pending(request)
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    let channel = context.channel
    let limit = request.timeout
    entry.timeout = context.eventLoop.scheduleTask(in: limit) {
      let handler = bound.value
      let seconds = Double(limit.nanoseconds) / 1e9
      handler.fail(DrillError(.timedOut, subject: handler.subject, detail: "no reply within \(seconds) s"))
      channel.close(promise: nil)
    }
    pending.append(entry)
    context.write(wrapOutboundOut(request.buffer), promise: promise)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var incoming = unwrapInboundIn(data)
    if rest.readableBytes > 0 {
      rest.writeBuffer(&incoming)
      swap(&rest, &incoming)
    }
    let now = NIODeadline.now()
    do {
      let used = try incoming.withUnsafeReadableBytes { bytes in
        try parser.feed(bytes) { try take($0, at: now) }
      }
      incoming.moveReaderIndex(forwardBy: used)
      rest.clear()
      if incoming.readableBytes > 0 { rest.writeBuffer(&incoming) }
    } catch {
      switch error {
      case let violation as RESPParser.Violation:
        fail(
          DrillError(.protocolViolation, subject: subject, detail: "not a Redis server's reply: \(violation.detail)"))
      case let error as DrillError: fail(error)
      default: fail(DrillError(.protocolViolation, subject: subject, detail: "unreadable reply", underlying: error))
      }
      context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(
      error as? DrillError
        ?? DrillError(.unreachable, subject: subject, detail: "the connection failed", underlying: error))
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(DrillError(.unreachable, subject: subject, detail: "the connection was closed"))
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    fail(DrillError(.unreachable, subject: subject, detail: "the connection was closed"))
  }

  private func take(_ value: RESPValue, at now: NIODeadline) throws {
    guard let first = pending.first else {
      // A server that refuses the connection says so unasked (`-DENIED`, `-ERR max number of clients reached`).
      throw RedisConnection.error(value, subject: subject)
        ?? DrillError(.protocolViolation, subject: subject, detail: "a reply that nothing asked for")
    }
    first.values.append(value)
    first.elapsed.append(.nanoseconds((now - first.sentAt).nanoseconds))
    guard first.values.count == first.count else { return }
    pending.removeFirst()
    first.timeout?.cancel()
    first.promise.succeed(RedisReplies(values: first.values, elapsed: first.elapsed, failure: nil))
  }

  private func fail(_ error: DrillError) {
    let reason = failure.record(error)
    while let entry = pending.popFirst() {
      entry.timeout?.cancel()
      entry.promise.succeed(RedisReplies(values: entry.values, elapsed: entry.elapsed, failure: reason))
    }
  }
}
