internal import DrillModel

/// What a sandbox's server is told: nothing that stays, nothing that reaches out, nobody who comes in without the
/// password.
///
/// The text goes through the server's standard input: it is never on disk and never on a command line.
struct RedisServerConfiguration {
  /// Holds the artifact's copy, and the socket.
  var folder: String
  var password: Secret
  /// Whether the server knows what 7.0 brought: one before refuses to start where it is told of it.
  var isBefore7 = false
  var form = StagedArtifact.Form.snapshot

  static let socketName = "s"
  /// More than anyone has; each costs about 450 bytes. A file may name any database, and a server with fewer refuses
  /// it.
  static let databases = 16384

  var socketPath: String { "\(folder)/\(RedisServerConfiguration.socketName)" }

  /// Source: redis 7.0 redis.conf.
  var text: String {
    let lines: [(String, String)] = [
      ("port", "0"), ("unixsocket", quoted(socketPath)), ("unixsocketperm", "700"), ("protected-mode", "yes"),
      ("requirepass", password.reveal()), ("dir", quoted(folder)),
      ("dbfilename", StagedArtifact.snapshotName), ("save", "\"\""),
      ("databases", "\(RedisServerConfiguration.databases)"),
      // Memory is limited from outside; a server that evicts would hide that it does not fit.
      ("maxmemory", "0"), ("maxmemory-policy", "noeviction"),
      // No write gets through: there will never be a replica.
      ("min-replicas-to-write", "1"),
      ("daemonize", "no"), ("supervised", "no"), ("logfile", "\"\""), ("loglevel", "notice"), ("set-proc-title", "no"),
      // Its background thread waits until a time of day, which never comes where the clock stands: it would spin.
      ("jemalloc-bg-thread", "no"),
      // A crash report holds values of the data store.
      ("crash-log-enabled", "no"), ("crash-memcheck-enabled", "no"), ("slowlog-log-slower-than", "-1"),
      ("timeout", "0"),
    ]
    let since7 = ["enable-debug-command", "enable-module-command", "enable-protected-configs"].map { ($0, "no") }
    return (lines + persistence + (isBefore7 ? [] : since7)).map { "\($0) \($1)\n" }.joined()
  }

  /// A log is loaded whole or not at all: the copy ends with its last whole command.
  private var persistence: [(String, String)] {
    guard form != .snapshot else { return [("appendonly", "no")] }
    let log = [
      ("appendonly", "yes"), ("appendfilename", StagedArtifact.logName), ("aof-load-truncated", "no"),
      ("appendfsync", "no"), ("auto-aof-rewrite-percentage", "0"),
    ]
    return isBefore7 ? log : log + [("appenddirname", StagedArtifact.logFolder)]
  }

  /// Source: redis 7.0 src/sds.c, `sdssplitargs`.
  private func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }

  /// Longest path of a unix socket, without its end mark. Source: unix(7), `sun_path`.
  static let longestSocketPath = 107

  /// - Throws: `DrillError` with `io` where the socket's path is longer than the system allows.
  func checkSocketPath() throws {
    let length = socketPath.utf8.count
    guard length <= RedisServerConfiguration.longestSocketPath else {
      throw DrillError(
        .io, stage: .restore, subject: folder,
        detail: "the path of a unix socket in it would be \(length) bytes long, and the system allows"
          + " \(RedisServerConfiguration.longestSocketPath); choose a shorter work folder")
    }
  }
}
