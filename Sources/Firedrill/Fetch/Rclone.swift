import DrillEngines
import DrillModel
import Foundation

/// rclone as it is called here: bounded retries, no questions, nothing of ours in its arguments but places.
struct Rclone: Sendable {
  /// The oldest that has connection strings, `--files-from-raw` and `lsjson` with exact times.
  private static let oldest = (1, 56)

  private let executable: String
  private let settings: RcloneSettings
  private let setpriv: String?

  /// - Throws: `DrillError` with `rclone-missing`.
  static func found(_ settings: RcloneSettings) async throws -> Rclone {
    func missing(_ detail: String) -> DrillError {
      DrillError(.rcloneMissing, stage: .catalog, subject: "rclone", detail: detail)
    }
    guard let executable = SandboxTools.executable(settings.program) else {
      throw missing(
        "it is not installed, and a remote catalog is fetched with it (apt-get install rclone), or name it under `rclone: {program: /path}`"
      )
    }
    let launch = ChildProcess.Launch(
      executable: executable, arguments: ["version"], environment: ProcessInfo.processInfo.environment)
    let lines = try await ChildProcess.with(launch) { child in
      _ = await child.waitForEnd()
      return child.lines
    }
    guard let version = lines.lazy.compactMap({ $0.firstMatch(of: #/rclone v(\d+)\.(\d+)/#)?.output }).first,
      let major = Int(version.1), let minor = Int(version.2)
    else { throw missing("`\(settings.program) version` does not say that it is rclone") }
    guard (major, minor) >= oldest else {
      throw missing(
        "version \(major).\(minor) is too old; \(oldest.0).\(oldest.1) or newer is needed (apt-get install rclone)")
    }
    return Rclone(executable: executable, settings: settings, setpriv: SandboxTools.found().setpriv)
  }

  /// What became of a call.
  enum Outcome: Sendable {
    case done
    /// The remote says that there is no such thing.
    case notFound(DrillError)
    case failed(DrillError)
  }

  /// Runs rclone until it ends, or until nothing has arrived for too long.
  ///
  /// - Parameters:
  ///   - output: an open file for what it prints.
  ///   - arrived: bytes that have arrived so far, asked several times a second.
  /// - Throws: `CancellationError`, once rclone is gone.
  func run(
    _ arguments: [String], subject: String, output: Int32? = nil, arrived: @Sendable () -> UInt64 = { 0 }
  ) async throws -> Outcome {
    let seconds = max(1, Int(settings.timeout.seconds.rounded(.up)))
    var words = [
      "--timeout", "\(seconds)s", "--contimeout", "\(min(seconds, 15))s", "--low-level-retries", "3", "--retries", "1",
      "--ask-password=false", "--use-server-modtime", "--log-level", "NOTICE", "--stats", "0",
    ]
    if let config = settings.config { words += ["--config", config] }
    var launch = ChildProcess.Launch(
      executable: executable, arguments: words + arguments, environment: Rclone.environment)
    if let setpriv {
      // It must not go on writing when we are killed.
      launch = ChildProcess.Launch(
        executable: setpriv, arguments: ["--pdeathsig", "KILL", executable] + launch.arguments,
        environment: launch.environment)
    }
    launch.output = output
    return try await ChildProcess.with(launch) { child in
      var last = (bytes: arrived(), at: ContinuousClock.now)
      // As long as rclone's own retries may take, and then some.
      let patience = settings.timeout * 4 + .seconds(5)
      while child.ending == nil {
        try await Task.sleep(for: .milliseconds(20))
        let bytes = arrived()
        if bytes != last.bytes { last = (bytes, .now) }
        if last.at.duration(to: .now) > patience {
          return .failed(
            DrillError(
              .timedOut, stage: .catalog, subject: subject,
              detail:
                "nothing has arrived for \(Int(patience.seconds)) s; see the connection, or raise `rclone: {timeout: …}`"
            ))
        }
      }
      try Task.checkCancellation()
      guard let ending = child.ending else { preconditionFailure("it has ended") }
      let lines = child.lines
      // Source: rclone backend/http/http.go: what a web server does not show is left out of a listing, which succeeds.
      if ending == .exited(0), !lines.contains(where: { $0.contains("skipping because of error") }) { return .done }
      return judge(ending, lines, subject)
    }
  }

  /// Everything of ours, since that is where rclone's secrets are, but what would hide files, copy nothing, or talk elsewhere.
  private static var environment: [String: String] {
    let refused = [
      "EXCLUDE", "INCLUDE", "FILTER", "FILES_FROM", "MAX_SIZE", "MIN_SIZE", "MAX_AGE", "MIN_AGE", "MAX_DEPTH",
      "DRY_RUN",
      "INTERACTIVE", "LOG", "USE_JSON_LOG", "SYSLOG", "PROGRESS", "VERBOSE", "QUIET", "RC", "MAX_TRANSFER",
      "MAX_DURATION",
      "IGNORE", "SIZE_ONLY", "DUMP", "IMMUTABLE",
    ]
    return ProcessInfo.processInfo.environment.filter { name, _ in
      !refused.contains { name == "RCLONE_\($0)" || name.hasPrefix("RCLONE_\($0)_") }
    }
  }

  /// Source: rclone.org/docs, "Exit code"; lib/exitcode/exitcode.go: 3 no such folder, 4 no such file.
  ///
  /// Why else it failed only its words say.
  private func judge(_ ending: ChildProcess.Ending, _ lines: [String], _ subject: String) -> Outcome {
    func error(_ code: DrillError.Code, _ what: String) -> DrillError {
      DrillError(code, stage: .catalog, subject: subject, detail: what + Rclone.quote(lines))
    }
    if ending == .exited(3) || ending == .exited(4) {
      return .notFound(error(.fetchFailed, "the remote has no such folder, bucket or object"))
    }
    let said = lines.joined(separator: "\n").lowercased()
    func says(_ words: String...) -> Bool { words.contains { said.contains($0) } }
    if says("no space left on device", "disk quota exceeded") {
      return .failed(error(.io, "the cache's disk is full: make room, the next run goes on from here"))
    }
    if says("didn't find section in config file") {
      return .failed(error(.fetchFailed, "rclone's configuration has no remote of this name (rclone listremotes)"))
    }
    if says("knownhosts: ") {
      return .failed(error(.authenticationFailed, "the server is not the one that known_hosts names"))
    }
    if says(
      "accessdenied", "access denied", "invalidaccesskeyid", "signaturedoesnotmatch", "forbidden", "unauthorized",
      "unable to authenticate", "nocredentialproviders", "expiredtoken", "authenticationfailed", "status code: 403",
      "status code: 401", "401 ", "403 ", "could not find default credentials", "permission denied")
    {
      return .failed(
        error(
          .authenticationFailed, "the remote refuses us: see the credentials in rclone's configuration or environment"))
    }
    if says("connection refused", "no such host", "no route to host", "network is unreachable", "connection reset") {
      return .failed(error(.unreachable, "the remote cannot be reached"))
    }
    if says("timeout", "deadline exceeded", "timed out") {
      return .failed(error(.timedOut, "the remote did not answer in time"))
    }
    return .failed(error(.fetchFailed, "rclone failed"))
  }

  /// Its last words without time, query and user: those may hold what nobody else should read.
  private static func quote(_ lines: [String]) -> String {
    let telling = lines.last {
      $0.contains("ERROR") || $0.contains("Failed to") || $0.contains("skipping because of error")
    }
    guard let line = telling ?? lines.last else { return "" }
    let plain = line.replacing(#/^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d /#, with: "").replacing(#/\?[^ "']*/#, with: "?…")
      .replacing(#/://[^/@ ]*@/#, with: "://…@").replacing(#/ +/#, with: " ")
    return "; rclone said: \(plain.prefix(240))"
  }
}
