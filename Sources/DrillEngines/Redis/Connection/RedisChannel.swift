internal import DrillModel
internal import Glibc
internal import NIOCore
internal import NIOPosix

/// How every connection to a Redis server is opened, whatever is spoken over it.
enum RedisChannel {
  /// Connects and lets `initialize` add its handlers to the new channel.
  ///
  /// TLS has its place here: one handler at the front of the pipeline, before `initialize`.
  ///
  /// - Throws: `DrillError`: `unreachable`, `timed-out`.
  static func open(
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
