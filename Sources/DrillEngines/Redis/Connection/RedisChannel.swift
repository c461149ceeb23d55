internal import DrillModel
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// How every connection to a Redis server is opened, whatever is spoken over it.
enum RedisChannel {
  /// Connects and lets `initialize` add its handlers to the new channel.
  ///
  /// With TLS, its handlers stand at the front of the pipeline, before `initialize`, and the channel is returned once
  /// the server is trusted.
  ///
  /// - Throws: `DrillError`: `unreachable`, `timed-out`, and what ``RedisTLS`` finds.
  static func open(
    _ endpoint: Endpoint, tls: RedisTLS?, timeout: Duration, on group: any EventLoopGroup,
    _ initialize: @escaping @Sendable (any Channel) throws -> Void
  ) async throws -> any Channel {
    guard let tls else { return try await connect(endpoint, timeout: timeout, on: group, initialize) }
    // A file of ours that cannot be read is told before anybody is called.
    try tls.makeReady()
    let handshake = Mutex<EventLoopFuture<Void>?>(nil)
    let channel = try await connect(endpoint, timeout: timeout, on: group) { channel in
      let done = try tls.install(on: channel, endpoint: endpoint)
      handshake.withLock { $0 = done }
      try initialize(channel)
    }
    guard let done = handshake.withLock({ $0 }) else { preconditionFailure("a channel without its handshake") }
    let late = channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) { channel.close(promise: nil) }
    defer { late.cancel() }
    do {
      try await done.get()
      return channel
    } catch {
      channel.close(promise: nil)
      let told = error as? DrillError
      guard [nil, .unreachable, .tlsNotOffered, .tlsFailed].contains(told?.code) else { throw told ?? error }
      if await speaksPlainly(endpoint, timeout: timeout, on: group) {
        throw DrillError(
          .tlsNotOffered, subject: endpoint.description,
          detail: "what answers there speaks no TLS: name the TLS port, or leave out `tls`", underlying: error)
      }
      throw told
        ?? DrillError(.tlsFailed, subject: endpoint.description, detail: "TLS failed: \(error)", underlying: error)
    }
  }

  /// Connects, says nothing, and returns the first error that the handlers of `initialize` hear within `timeout`.
  static func listen(
    _ endpoint: Endpoint, timeout: Duration, on group: any EventLoopGroup,
    _ initialize: @escaping @Sendable (any Channel, EventLoopPromise<(any Error)?>) throws -> Void
  ) async throws -> (any Error)? {
    let heard = Mutex<EventLoopFuture<(any Error)?>?>(nil)
    let channel = try await connect(endpoint, timeout: timeout, on: group) { channel in
      let done = channel.eventLoop.makePromise(of: (any Error)?.self)
      heard.withLock { $0 = done.futureResult }
      do {
        try initialize(channel, done)
      } catch {
        done.succeed(error)
        throw error
      }
    }
    let late = channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) { channel.close(promise: nil) }
    defer { late.cancel() }
    let error = try await heard.withLock { $0 }?.get()
    channel.close(promise: nil)
    return error
  }

  /// Whether a server there answers a `PING` in plain, with whatever: asked only to say why TLS did not come about.
  private static func speaksPlainly(_ endpoint: Endpoint, timeout: Duration, on group: any EventLoopGroup) async -> Bool
  {
    let failure = RedisConnectionFailure()
    let reply = group.any().makePromise(of: RedisReplies.self)
    let limit = min(timeout, .seconds(2))
    guard
      let channel = try? await connect(
        endpoint, timeout: limit, on: group,
        { channel in
          try channel.pipeline.syncOperations.addHandler(
            RedisChannelHandler(subject: endpoint.description, limits: RESPLimits(), failure: failure))
        })
    else {
      reply.succeed(RedisReplies(values: [], elapsed: [], failure: nil))
      return false
    }
    var buffer = channel.allocator.buffer(capacity: 16)
    RESPEncoder.encode([[Array("PING".utf8)]], into: &buffer)
    channel.writeAndFlush(RedisRequest(buffer: buffer, count: 1, timeout: TimeAmount(limit), promise: reply))
      .whenFailure { _ in reply.succeed(RedisReplies(values: [], elapsed: [], failure: nil)) }
    let replies = try? await reply.futureResult.get()
    channel.close(promise: nil)
    return replies?.values.isEmpty == false || replies?.failure?.code == .permissionDenied
  }

  private static func connect(
    _ endpoint: Endpoint, timeout: Duration, on group: any EventLoopGroup,
    _ initialize: @escaping @Sendable (any Channel) throws -> Void
  ) async throws -> any Channel {
    let bootstrap = ClientBootstrap(group: group)
      .connectTimeout(TimeAmount(timeout))
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(
        .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 65_536, maximum: 1 << 20)
      )
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try initialize(channel) }
      }
    do {
      switch endpoint {
      case .tcp(let host, let port): return try await bootstrap.connect(host: host, port: port).get()
      case .unix(let path): return try await bootstrap.connect(unixDomainSocketPath: path).get()
      }
    } catch let error as ChannelError {
      if case .connectTimeout = error {
        throw DrillError(
          .timedOut, subject: endpoint.description, detail: "no connection within \(timeout)", underlying: error)
      }
      throw DrillError(.unreachable, subject: endpoint.description, detail: "cannot connect", underlying: error)
    } catch let error as NIOConnectionError {
      let reason = error.connectionErrors.first?.error ?? error.dnsAError ?? error.dnsAAAAError
      throw DrillError(
        .unreachable, subject: endpoint.description,
        detail: reason.map { "cannot connect: \(words($0))" } ?? "cannot connect",
        underlying: error)
    } catch {
      throw DrillError(
        .unreachable, subject: endpoint.description, detail: "cannot connect: \(words(error))", underlying: error)
    }
  }

  /// The operating system's words where it was the one to refuse.
  private static func words(_ error: any Error) -> String {
    (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
  }
}
