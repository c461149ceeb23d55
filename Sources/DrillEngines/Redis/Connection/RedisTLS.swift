internal import DrillCrypto
public import DrillModel
internal import Foundation
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import NIOTLS
internal import Synchronization

/// TLS towards Redis servers: one handler at the front of a connection, whatever is spoken over it.
///
/// The handshake is NIOSSL's. Whether the certificates that the server shows are trusted is decided by OpenSSL's path
/// validation, since that tells why not; nothing is sent to a server before it is.
public final class RedisTLS: Hashable, Sendable {
  public let settings: TLSSettings
  private let prepared = Mutex<Result<Prepared, DrillError>?>(nil)
  /// The earliest end of a certificate that a trusted server has shown, and whose it is.
  private let earliestEnd = Mutex<(server: String, at: Instant)?>(nil)

  private struct Prepared: Sendable {
    var context: NIOSSLContext
    var trust: PeerTrust
  }

  /// Files are read when the first connection is opened.
  public init(_ settings: TLSSettings) { self.settings = settings }

  public static func == (a: RedisTLS, b: RedisTLS) -> Bool { a.settings == b.settings }
  public func hash(into hasher: inout Hasher) { hasher.combine(settings) }

  /// How long before a certificate's end a person should hear of it.
  static let notice = Duration.seconds(30 * 86_400)

  /// Sentences for people: a certificate that ends soon, a name that is not looked at.
  func notes(at now: Instant) -> [String] {
    var notes: [String] = []
    if settings.verification == .authority {
      notes.append(TLSSettings.unnamed)
    }
    if let end = earliestEnd.withLock({ $0 }),
      end.at.millisecondsSince1970 - now.millisecondsSince1970 < Int64(RedisTLS.notice.milliseconds)
    {
      notes.append("\(end.server): its certificate ends \(end.at); nobody can connect after that")
    }
    return notes
  }

  /// Adds the handlers to a new channel, and returns a future that succeeds once the server is trusted.
  func install(on channel: any Channel, endpoint: Endpoint) throws -> EventLoopFuture<Void> {
    let prepared = try prepare()
    let name = settings.serverName ?? endpoint.tlsHost
    let isAddress = name.map(RedisTLS.isAddress) ?? false
    let refusal = RedisConnectionFailure()
    let wanted: PeerTrust.Name? =
      settings.verification == .authority ? nil : name.map { isAddress ? .address($0) : .host($0) }
    let subject = endpoint.description
    let known = self
    let handler = try NIOSSLClientHandler(
      context: prepared.context, serverHostname: isAddress ? nil : name
    ) { certificates, promise in
      let chain = certificates.compactMap { try? $0.toDERBytes() }
      if let objection = prepared.trust.objection(to: chain, name: wanted, at: .now) {
        _ = refusal.record(RedisTLS.error(objection, wanted: name ?? subject, subject: subject))
        promise.succeed(NIOSSLVerificationResult.failed)
      } else {
        if let end = chain.first.flatMap(PeerTrust.end) { known.saw(end, of: subject) }
        promise.succeed(NIOSSLVerificationResult.certificateVerified)
      }
    }
    let done = channel.eventLoop.makePromise(of: Void.self)
    let watch = HandshakeHandler(
      done: done, refusal: refusal, subject: subject, showsCertificate: settings.certificate != nil)
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandlers(handler, watch)
    return done.futureResult
  }

  private func saw(_ end: Instant, of server: String) {
    earliestEnd.withLock { earliest in
      if let known = earliest, known.at <= end { return }
      earliest = (server, end)
    }
  }

  /// Reads the files that the settings name, once.
  ///
  /// - Throws: `DrillError` with `key-unreadable`.
  func makeReady() throws { _ = try prepare() }

  private func prepare() throws -> Prepared {
    let result = prepared.withLock { prepared in
      if let result = prepared { return result }
      let result: Result<Prepared, DrillError>
      do {
        result = .success(try RedisTLS.prepare(settings))
      } catch let error as DrillError {
        result = .failure(error)
      } catch {
        result = .failure(DrillError(.tlsFailed, detail: "TLS cannot be set up: \(error)", underlying: error))
      }
      prepared = result
      return result
    }
    return try result.get()
  }

  private static func prepare(_ settings: TLSSettings) throws -> Prepared {
    func name(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }
    func contents(_ path: String, _ what: String) throws -> [UInt8] {
      guard let data = FileManager.default.contents(atPath: path) else {
        throw DrillError(
          .keyUnreadable, subject: name(path), detail: "\(what) cannot be read; see its name and its mode")
      }
      return Array(data)
    }
    let authorities = try settings.authorities.map {
      try CertificateChain(pem: contents($0, "the file of authorities (`ca`)"), subject: name($0))
    }
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    // Our own callback decides, the name included, against authorities that OpenSSL reads; NIOSSL needs none of its own,
    // and would look at a name once more, also where `verify: ca` leaves it out.
    configuration.certificateVerification = .noHostnameVerification
    configuration.trustRoots = .certificates([])
    if let path = settings.certificate {
      do {
        configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(contents(path, "the certificate (`cert`)"))
          .map { .certificate($0) }
      } catch let error as NIOSSLError {
        throw DrillError(
          .keyUnreadable, subject: name(path), detail: "holds no certificate in PEM (BEGIN CERTIFICATE)",
          underlying: error)
      }
      let key = settings.key ?? path
      let bytes = try contents(key, "the certificate's key (`key`)")
      do {
        let password = settings.keyPassword
        configuration.privateKey = .privateKey(
          try NIOSSLPrivateKey(bytes: bytes, format: .pem) { take in take(Array((password?.reveal() ?? "").utf8)) })
      } catch {
        throw DrillError(
          .keyUnreadable, subject: name(key),
          detail: settings.keyPassword == nil
            ? "holds no private key in PEM that can be read without a password; see `key_password_file`"
            : "holds no private key in PEM that can be read with the password given", underlying: error)
      }
    }
    do {
      return Prepared(
        context: try NIOSSLContext(configuration: configuration), trust: PeerTrust(authorities: authorities))
    } catch {
      throw DrillError(
        .keyUnreadable, subject: settings.certificate.map(name) ?? "tls",
        detail: "certificate and key do not belong together, or cannot be used", underlying: error)
    }
  }

  /// Why a server closed a connection before it had replied anything; nil where TLS has no part in it.
  ///
  /// Asks by shaking hands once more, and sends nothing else: a server that speaks TLS alone hangs up on plain words,
  /// and one that misses our certificate may hang up so fast that its reason is lost.
  static func explanation(
    of error: DrillError, _ endpoint: Endpoint, _ tls: RedisTLS?, timeout: Duration, on group: any EventLoopGroup
  ) async -> DrillError? {
    guard [.unreachable, .protocolViolation].contains(error.code), case .tcp = endpoint else { return nil }
    let limit = min(timeout, .seconds(2))
    guard let tls else {
      // The answer is a TLS server's hello, whoever it is: it is trusted with nothing.
      let isMet = Atomic(false)
      guard let context = try? NIOSSLContext(configuration: .makeClientConfiguration()) else { return nil }
      _ = try? await RedisChannel.listen(endpoint, timeout: limit, on: group) { channel, done in
        let handler = try NIOSSLClientHandler(context: context, serverHostname: nil) { _, promise in
          isMet.store(true, ordering: .releasing)
          promise.succeed(NIOSSLVerificationResult.failed)
        }
        try channel.pipeline.syncOperations.addHandlers(handler, FirstErrorHandler(done: done))
      }
      guard isMet.load(ordering: .acquiring) else { return nil }
      return DrillError(
        .tlsRequired, subject: endpoint.description,
        detail:
          "the server speaks TLS alone there, and was spoken to in plain: say `tls` in the cluster file, or rediss://",
        underlying: error)
    }
    guard error.code == .unreachable, tls.settings.certificate == nil else { return nil }
    let heard = try? await RedisChannel.listen(endpoint, timeout: limit, on: group) { channel, done in
      _ = try tls.install(on: channel, endpoint: endpoint)
      try channel.pipeline.syncOperations.addHandler(FirstErrorHandler(done: done))
    }
    return (heard as? DrillError).flatMap { $0.code == .clientCertificateNeeded ? $0 : nil }
  }

  static func isAddress(_ host: String) -> Bool { (try? SocketAddress(ipAddress: host, port: 0)) != nil }

  private static func error(_ objection: PeerTrust.Objection, wanted: String, subject: String) -> DrillError {
    switch objection {
    case .expired(let holder, let end):
      DrillError(
        .certificateExpired, subject: subject,
        detail: "the server's certificate (\(holder)) expired \(end); renew it on the server")
    case .notYetValid(let holder, let start):
      DrillError(
        .certificateNotYetValid, subject: subject,
        detail: "the server's certificate (\(holder)) is not valid before \(start); compare this machine's clock")
    case .wrongName(let names):
      DrillError(
        .certificateWrongName, subject: subject,
        detail: "the server's certificate is for \(names), not for \(wanted); "
          + "name the server as its certificate does, in `server_name` or `addresses`")
    case .unknownAuthority(let issuer):
      DrillError(
        .certificateUntrusted, subject: subject,
        detail: "no trusted authority stands behind the server's certificate, which \(issuer) issued; "
          + "name that authority's file as `ca`")
    case .other(let words):
      DrillError(.certificateUntrusted, subject: subject, detail: "the server's certificate is not trusted: \(words)")
    }
  }

  /// What TLS itself says went wrong, in our words; nil where it was nothing of TLS.
  ///
  /// The names of alerts are BoringSSL's, the only thing that NIOSSL tells of them.
  /// Source: boringssl include/openssl/ssl.h, `SSL_R_TLSV1_ALERT_CERTIFICATE_REQUIRED` and its neighbours; RFC 8446,
  /// section 6.2.
  static func error(_ error: any Error, subject: String, showsCertificate: Bool) -> DrillError? {
    guard error is NIOSSLError || error is BoringSSLError || error is NIOSSLExtraError else { return nil }
    let words = String(reflecting: error)
    func has(_ alert: String) -> Bool { words.contains(alert) }
    if has("CERTIFICATE_REQUIRED") || has("ALERT_HANDSHAKE_FAILURE") && !showsCertificate {
      return DrillError(
        .clientCertificateNeeded, subject: subject,
        detail: "the server wants a certificate of ours (`tls-auth-clients`); name it in `cert` and `key`",
        underlying: error)
    }
    if showsCertificate,
      ["UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "CERTIFICATE_EXPIRED", "CERTIFICATE_REVOKED"]
        .contains(where: { has("ALERT_\($0)") })
    {
      return DrillError(
        .clientCertificateRefused, subject: subject,
        detail:
          "the server does not take our certificate: see that it is valid and that the server's authorities issued it",
        underlying: error)
    }
    if has("WRONG_VERSION_NUMBER") || has("HTTP_REQUEST") || has("UNEXPECTED_MESSAGE") {
      return DrillError(
        .tlsNotOffered, subject: subject, detail: "what answers there speaks no TLS; name the TLS port",
        underlying: error)
    }
    if has("uncleanShutdown") || has("UncleanShutdown") {
      return DrillError(.unreachable, subject: subject, detail: "the connection was cut off", underlying: error)
    }
    return DrillError(.tlsFailed, subject: subject, detail: "TLS failed: \(error)", underlying: error)
  }
}

/// Tells when the handshake is done or has failed, and after it what TLS refuses in our words.
private final class HandshakeHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let done: EventLoopPromise<Void>
  private let refusal: RedisConnectionFailure
  private let subject: String
  private let showsCertificate: Bool
  private var isDone = false

  init(done: EventLoopPromise<Void>, refusal: RedisConnectionFailure, subject: String, showsCertificate: Bool) {
    self.done = done
    self.refusal = refusal
    self.subject = subject
    self.showsCertificate = showsCertificate
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case TLSUserEvent.handshakeCompleted = event {
      isDone = true
      done.succeed()
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    let told = refusal.error ?? RedisTLS.error(error, subject: subject, showsCertificate: showsCertificate)
    if !isDone { done.fail(told ?? error) }
    context.fireErrorCaught(told ?? error)
  }

  func channelInactive(context: ChannelHandlerContext) {
    done.fail(
      refusal.error
        ?? DrillError(
          .unreachable, subject: subject, detail: "the server closed the connection during the TLS handshake"))
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    done.fail(DrillError(.unreachable, subject: subject, detail: "the connection was closed"))
  }
}

/// Hands on the first error that reaches it, or that the connection ended without one.
private final class FirstErrorHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let done: EventLoopPromise<(any Error)?>

  init(done: EventLoopPromise<(any Error)?>) { self.done = done }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { done.succeed(error) }

  func channelInactive(context: ChannelHandlerContext) { done.succeed(nil) }

  func handlerRemoved(context: ChannelHandlerContext) { done.succeed(nil) }
}

extension Endpoint {
  /// The host that a certificate must name; a unix socket has none.
  var tlsHost: String? {
    if case .tcp(let host, _) = self { host } else { nil }
  }
}
