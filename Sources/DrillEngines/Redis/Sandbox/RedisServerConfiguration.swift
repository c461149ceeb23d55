internal import DrillModel

/// What a sandbox's server is told: nothing that stays, nothing that reaches out, nobody who comes in without the
/// password.
///
/// The text goes through the server's standard input: it is never on disk and never on a command line.
struct RedisServerConfiguration {
  /// Holds the artifact's copy, and the socket.
  var folder: String
  var password: Secret
  /// The server's: one refuses to start where it is told of what came later. Nil: as new as can be.
  var version: RedisServerProgram.Version?
  /// Paths of the modules that it loads.
  var modules: [String] = []
  var form = StagedArtifact.Form.snapshot

  static let socketName = "s"
  /// More than anyone has; each costs about 450 bytes. A file may name any database, and a server with fewer refuses
  /// it.
  static let databases = 16384

  var socketPath: String { "\(folder)/\(RedisServerConfiguration.socketName)" }

  /// Source: redis 7.0 redis.conf.
  var text: String {
    let lines: [(String, String)] = [
      ("port", "0"), ("unixsocket", quoted(socketPath)), ("unixsocketperm", "700"),
      ("requirepass", password.reveal()), ("dir", quoted(folder)),
      ("dbfilename", StagedArtifact.snapshotName), ("save", "\"\""),
      ("databases", "\(RedisServerConfiguration.databases)"),
      // Memory is limited from outside; a server that evicts would hide that it does not fit.
      ("maxmemory", "0"), ("maxmemory-policy", "noeviction"),
      ("daemonize", "no"), ("logfile", "\"\""), ("loglevel", "notice"), ("slowlog-log-slower-than", "-1"),
      ("timeout", "0"),
    ]
    let loaded = modules.map { ("loadmodule", quoted($0)) }
    return (lines + persistence + later + loaded).map { "\($0) \($1)\n" }.joined()
  }

  /// What not every server knows. Source: redis.conf of each release.
  private var later: [(String, String)] {
    func since(_ major: Int, _ minor: Int, _ lines: [(String, String)]) -> [(String, String)] {
      guard let version, version.family == .redis else { return lines }
      return (version.major, version.minor) >= (major, minor) ? lines : []
    }
    // No write gets through: there will never be a replica.
    let writes = since(5, 0, [("min-replicas-to-write", "1")])
    return (writes.isEmpty ? [("min-slaves-to-write", "1")] : writes)
      + since(3, 2, [("protected-mode", "yes"), ("supervised", "no")])
      // Its background thread waits until a time of day, which never comes where the clock stands: it would spin.
      + since(6, 0, [("jemalloc-bg-thread", "no")])
      // A crash report holds values of the data store.
      // On ARM it looks for a bug of the kernel's by starting a process, which it may not, and which it would need for
      // snapshots alone. Source: redis 6.2 src/server.c `linuxMadvFreeForkBugCheck`.
      + since(6, 2, [("ignore-warnings", "ARM64-COW-BUG")])
      + since(6, 2, [("crash-log-enabled", "no"), ("crash-memcheck-enabled", "no"), ("set-proc-title", "no")])
      + since(7, 0, ["enable-debug-command", "enable-module-command", "enable-protected-configs"].map { ($0, "no") })
  }

  /// A log is loaded whole or not at all: the copy ends with its last whole command.
  private var persistence: [(String, String)] {
    guard form != .snapshot else { return [("appendonly", "no")] }
    let log = [
      ("appendonly", "yes"), ("appendfilename", StagedArtifact.logName), ("aof-load-truncated", "no"),
      ("appendfsync", "no"), ("auto-aof-rewrite-percentage", "0"),
    ]
    return version?.isBefore7 ?? false ? log : log + [("appenddirname", StagedArtifact.logFolder)]
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
