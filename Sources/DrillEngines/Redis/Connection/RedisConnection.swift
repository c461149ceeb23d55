public import DrillModel
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// A client's connection to one Redis server, over TCP or a unix socket.
///
/// Commands are pipelined: several callers may send at the same time, and each gets its own replies. A connection that
/// timed out or broke stays broken.
/// Sends nothing by itself but the log-in; whether a command writes is the caller's business.
public final class RedisConnection: Sendable {
  public let endpoint: Endpoint
  private let channel: any Channel
  private let failure: RedisConnectionFailure
  private let dialectBox = Mutex(Dialect.resp2)

  private init(endpoint: Endpoint, channel: any Channel, failure: RedisConnectionFailure) {
    self.endpoint = endpoint
    self.channel = channel
    self.failure = failure
  }

  /// Connects, logs in where there are credentials, runs `body` and closes.
  ///
  /// - Throws: what ``connect(_:_:timeout:limits:)`` throws, and whatever `body` throws.
  @discardableResult
  public static func with<R: Sendable>(
    _ endpoint: Endpoint, _ credentials: RedisCredentials = .none, timeout: Duration = .seconds(5),
    limits: RESPLimits = RESPLimits(), _ body: (RedisConnection) async throws -> R
  ) async throws -> R {
    let connection = try await connect(endpoint, credentials, timeout: timeout, limits: limits)
    do {
      let result = try await body(connection)
      await connection.close()
      return result
    } catch {
      await connection.close()
      throw error
    }
  }

  /// Connects and logs in; the caller closes it. Without credentials, a server that wants some is found out by a
  /// `PING`.
  ///
  /// - Throws: `DrillError`: `unreachable`, `timed-out`, `authentication-failed`, `permission-denied`,
  ///   `protocol-violation`.
  public static func connect(
    _ endpoint: Endpoint, _ credentials: RedisCredentials = .none, timeout: Duration = .seconds(5),
    limits: RESPLimits = RESPLimits()
  ) async throws -> RedisConnection {
    try await connect(
      endpoint, credentials, timeout: timeout, limits: limits, on: MultiThreadedEventLoopGroup.singleton)
  }

  /// - Parameter dialect: what is spoken; RESP3 only where the server offers it.
  static func connect(
    _ endpoint: Endpoint, _ credentials: RedisCredentials, timeout: Duration = .seconds(5),
    limits: RESPLimits = RESPLimits(), dialect: Dialect = .resp3,
    on group: any EventLoopGroup
  ) async throws -> RedisConnection {
    let failure = RedisConnectionFailure()
    let channel = try await RedisChannel.open(endpoint, tls: credentials.tls, timeout: timeout, on: group) { channel in
      let handler = RedisChannelHandler(subject: endpoint.description, limits: limits, failure: failure)
      try channel.pipeline.syncOperations.addHandler(handler)
    }
    let connection = RedisConnection(endpoint: endpoint, channel: channel, failure: failure)
    // Both in one round trip: a log-in inside of HELLO would be one that old servers do not understand.
    let hello = dialect == .resp3 ? [["HELLO", "3"].map { Array($0.utf8) }] : []
    let replies = await connection.pipeline([credentials.command ?? [Array("PING".utf8)]] + hello, timeout: timeout)
    var problem = replies.failure
    if let reply = replies.values.first {
      // A user may be allowed all that we need and not PING; a loading server says so again when it is asked something.
      let isRefusal = credentials.command != nil || ["NOAUTH", "DENIED"].contains(reply.errorCode)
      if isRefusal, let error = error(reply, subject: endpoint.description, isLogin: true) {
        await connection.close()
        throw error
      }
      if problem?.code == .unreachable, !hello.isEmpty {
        // Something between us and the server may end a connection at a command that it does not know.
        await connection.close()
        return try await connect(
          endpoint, credentials, timeout: timeout, limits: limits, dialect: .resp2, on: group)
      }
      if let greeting = replies.values.dropFirst().first {
        connection.dialectBox.withLock { $0 = greeting.errorCode == nil ? .resp3 : .resp2 }
      }
    } else if let error = problem {
      problem = await RedisTLS.explanation(of: error, endpoint, credentials.tls, timeout: timeout, on: group) ?? error
    }
    guard let problem else { return connection }
    await connection.close()
    throw problem
  }

  /// What is spoken on a connection. Source: Redis documentation, "HELLO": since 6.0; an older server does not know
  /// the command, and one that does not want RESP3 replies `NOPROTO`: then it goes on in RESP2.
  enum Dialect: Sendable { case resp2, resp3 }

  /// What the server agreed to.
  var dialect: Dialect { dialectBox.withLock { $0 } }

  /// The process that listens at the other end of a unix socket, as the system tells it; nil where that is no process of
  /// this machine.
  ///
  /// Source: unix(7), `SO_PEERCRED`: a `ucred` of who called listen(2): process, user and group, each of 32 bits.
  func listener() async throws -> Int32? {
    struct Credentials: Sendable {
      var process: Int32
      var user: UInt32
      var group: UInt32
    }
    guard let sockets = channel as? any SocketOptionProvider else { return nil }
    let told: Credentials = try await sockets.unsafeGetSocketOption(
      level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED)
    ).get()
    return told.process > 0 ? told.process : nil
  }

  /// Sends one command and waits for its reply; an error that the server replies is returned, not thrown.
  ///
  /// - Throws: `DrillError`: `timed-out`, `unreachable`, `protocol-violation`, `interrupted` where the task was
  ///   cancelled.
  public func send(_ command: [[UInt8]], timeout: Duration = .seconds(10)) async throws -> RESPValue {
    let replies = await pipeline([command], timeout: timeout)
    guard let value = replies.values.first else {
      throw replies.failure ?? DrillError(.protocolViolation, subject: endpoint.description, detail: "no reply")
    }
    return value
  }

  /// Sends one command in words and waits for its reply; an error that the server replies is thrown.
  ///
  /// - Throws: what ``send(_:timeout:)`` throws, and `permission-denied`, `authentication-failed`, `server-failed` for
  ///   the server's own errors.
  @discardableResult
  public func ask(_ words: String..., timeout: Duration = .seconds(10)) async throws -> RESPValue {
    let reply = try await send(words.map { Array($0.utf8) }, timeout: timeout)
    if let error = RedisConnection.error(reply, subject: endpoint.description, command: words.prefix(2)) { throw error }
    return reply
  }

  /// Sends all commands in one write and waits for all replies. Costs one buffer and, beyond the values, nothing per
  /// reply.
  ///
  /// Never throws: what did not come is missing at the end of ``RedisReplies/values``, and ``RedisReplies/failure``
  /// says why. After a failure, and after
  /// the task was cancelled, the connection is closed, and whatever is sent gets the first failure again.
  public func pipeline(_ commands: [[[UInt8]]], timeout: Duration) async -> RedisReplies {
    var buffer = channel.allocator.buffer(capacity: 0)
    RESPEncoder.encode(commands, into: &buffer)
    let promise = channel.eventLoop.makePromise(of: RedisReplies.self)
    let request = RedisRequest(buffer: buffer, count: commands.count, timeout: TimeAmount(timeout), promise: promise)
    let subject = endpoint.description
    let channel = self.channel
    let failure = self.failure
    @Sendable func closed(_ error: any Error) -> RedisReplies {
      let reason = DrillError(.unreachable, subject: subject, detail: "the connection is closed", underlying: error)
      return RedisReplies(values: [], elapsed: [], failure: failure.error ?? reason)
    }
    return await withTaskCancellationHandler {
      // A closed channel fails the write before our handler sees it; then nobody else keeps the promise.
      channel.writeAndFlush(request).whenFailure { error in
        promise.succeed(closed(error))
      }
      do {
        var replies = try await promise.futureResult.get()
        if replies.failure != nil, Task.isCancelled {
          replies.failure = DrillError(.interrupted, subject: subject, detail: "the task was cancelled")
        }
        return replies
      } catch {
        return closed(error)
      }
    } onCancel: {
      channel.close(promise: nil)
    }
  }

  /// Closes the connection; commands under way end with `unreachable`. May be called twice.
  public func close() async {
    try? await channel.close().get()
  }

  /// Turns the connection into something that is no client's any more, a replication link. Nothing may be under way on
  /// it.
  ///
  /// - Parameter make: makes the new handler on the channel's event loop, with what the caller wants to hold of it.
  func replaceHandler<A: Sendable, B: Sendable>(
    _ make: @escaping @Sendable (any EventLoop) -> (any ChannelHandler, A, B)
  ) async throws -> (any Channel, A, B) {
    let channel = self.channel
    let (a, b) = try await channel.eventLoop.submit {
      let (handler, a, b) = make(channel.eventLoop)
      let pipeline = channel.pipeline.syncOperations
      let old = try pipeline.context(handlerType: RedisChannelHandler.self)
      try pipeline.addHandler(handler, position: .last)
      pipeline.removeHandler(context: old, promise: nil)
      return (a, b)
    }.get()
    return (channel, a, b)
  }

  /// The `DrillError` that a server's error reply stands for; nil for any other reply.
  static func error(
    _ reply: RESPValue, subject: String, isLogin: Bool = false, command: some Sequence<String> = [String]()
  ) -> DrillError? {
    guard case .error(let line) = reply, let code = reply.errorCode else { return nil }
    let words = command.joined(separator: " ")
    let prefix = words.isEmpty ? "" : "\(words): "
    switch code {
    case "WRONGPASS", "NOAUTH":
      return DrillError(
        .authenticationFailed, subject: subject, detail: "\(prefix)the server wants another user or password: \(line)")
    case "NOPERM", "DENIED":
      let advice = RedisRights.missing(in: line).map { "; give it with ACL SETUSER … +\($0)" } ?? ""
      return DrillError(
        .permissionDenied, subject: subject, detail: "\(prefix)the server refuses it to this user: \(line)\(advice)")
    case "LOADING", "MASTERDOWN", "CLUSTERDOWN":
      return DrillError(.unreachable, subject: subject, detail: "\(prefix)the server is not ready: \(line)")
    default:
      // Redis before 6 says "ERR invalid password"; a password where none is set is a log-in that failed as well.
      return DrillError(
        isLogin ? .authenticationFailed : .serverFailed, subject: subject,
        detail: "\(prefix)the server replied: \(line)")
    }
  }
}
