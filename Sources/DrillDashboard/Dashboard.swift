import DrillEvidence
import DrillModel
import Hummingbird
import HummingbirdCore
import Logging

/// The recorded facts of a ledger as local web pages, a JSON API and metrics; read-only.
///
/// Nothing here can check, restore or append: the ledger is opened for reading, and only GET and HEAD are answered.
public enum Dashboard {
  /// Serves until the task is cancelled, or SIGTERM or SIGINT asks it to end; requests that are under way are answered first.
  ///
  /// - Parameter whenListening: called once, with the URL.
  /// - Throws: `DrillError`: `usage` where the address is not loopback and no token is required, `key-unreadable` for a token file that cannot serve,
  ///   `io` where the address cannot be listened on or there is no ledger, `ledger-damaged`.
  public static func serve(
    _ options: DashboardOptions, whenListening: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws {
    let token = try options.token()
    guard options.listen.isLoopback || token != nil else {
      throw DrillError(
        .usage, subject: options.listen.description,
        detail: "only loopback is served without a token; name one with --token-file, or listen on 127.0.0.1")
    }
    let ledger = try Ledger.open(at: options.ledger, mode: .readOnly)
    let watch = LedgerWatch(ledger)
    try await watch.begin()
    let app = application(
      DashboardResponder(
        watch: watch, access: AccessRules(token: token, isLoopback: options.listen.isLoopback)),
      listen: options.listen, whenListening: whenListening)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await watch.follow() }
      do {
        try await app.runService()
      } catch is CancellationError {
        // Asked to end.
      } catch {
        group.cancelAll()
        throw DrillError(
          .io, subject: options.listen.description, detail: "cannot listen here: \(error)", underlying: error)
      }
      group.cancelAll()
    }
  }

  static func application(
    _ responder: DashboardResponder, listen: ListenAddress, whenListening: @escaping @Sendable (String) -> Void
  ) -> Application<DashboardResponder> {
    var logger = Logger(label: "firedrill")
    logger.logLevel = .critical
    return Application(
      responder: responder, server: .http1(configuration: .init(idleTimeout: .seconds(30))),
      configuration: ApplicationConfiguration(
        address: .hostname(listen.host, port: listen.port),
        availableConnectionsDelegate: MaximumAvailableConnections(256)),
      onServerRunning: { channel in
        let port = channel.localAddress?.port ?? listen.port
        whenListening(ListenAddress(host: listen.host, port: port).url)
      }, logger: logger)
  }
}
