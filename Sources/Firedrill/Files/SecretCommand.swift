import DrillModel
import Foundation
import Glibc

/// A program whose output is a secret: a password manager, a vault. Named with its arguments, so that no shell reads them.
enum SecretCommand {
  static let patience = Duration.seconds(30)
  private static let mostBytes = 64 << 10

  /// What the program writes to its standard output, without one newline at its end. Its errors go to ours.
  ///
  /// - Parameter folder: where it runs, which a relative path of the program is relative to.
  /// - Throws: `DrillError` with `key-unreadable`, which says nothing of what the program wrote.
  static func run(_ words: [String], in folder: String, patience: Duration = patience) throws -> String {
    guard var text = String(validating: try output(of: words, in: folder, patience: patience), as: UTF8.self) else {
      throw failure(words, "its output is no UTF-8")
    }
    if text.hasSuffix("\n") { text.removeLast() }
    guard !text.isEmpty else { throw failure(words, "the program wrote nothing") }
    guard !text.contains(where: \.isNewline) else { throw failure(words, "the program wrote more than one line") }
    return text
  }

  /// All that the program writes to its standard output. Its errors go to ours.
  ///
  /// - Throws: as ``run(_:in:patience:)``.
  static func output(of words: [String], in folder: String, patience: Duration = patience) throws -> [UInt8] {
    guard let name = words.first, let program = executable(name, folder) else {
      throw failure(words, "there is no such program")
    }
    let (process, output) = try start(program, words, in: folder)
    var isReaped = false
    defer {
      close(output)
      // With all that it started: somebody who still holds its output must not hold us up.
      if !isReaped {
        kill(-process, SIGKILL)
        _ = ending(of: process, 0)
      }
    }
    let deadline = ContinuousClock.now + patience
    let bytes = try read(output, words, until: deadline)
    var status: Int32?
    while status == nil {
      status = ending(of: process, WNOHANG)
      if status == nil {
        guard .now < deadline else { throw late(words) }
        usleep(1000)
      }
    }
    isReaped = true
    guard status == 0 else {
      throw failure(words, "the program ended with status \(status ?? -1); what it said stands above")
    }
    return bytes
  }

  /// Starts it in a process group of its own, and returns its number and the descriptor that its output is read from.
  private static func start(_ program: String, _ words: [String], in folder: String) throws -> (pid_t, Int32) {
    var ends: [Int32] = [-1, -1]
    // Closed on exec from the first moment, which pipe(2) cannot.
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw failure(words, "no pipe is to be had")
    }
    defer { close(ends[1]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
    // The C library's call that changes the folder is not to be had here.
    let arguments = (["env", "--chdir", folder, program] + words.dropFirst()).map { strdup($0) } + [nil]
    let environment = ProcessInfo.processInfo.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for string in arguments + environment { free(string) } }
    var process: pid_t = 0
    guard posix_spawn(&process, "/usr/bin/env", &actions, &attributes, arguments, environment) == 0 else {
      close(ends[0])
      throw failure(words, "the program cannot be started")
    }
    return (process, ends[0])
  }

  /// Its exit status, or 128 and the signal that ended it; nil where it runs. Source: wait(2), glibc bits/waitstatus.h.
  private static func ending(of process: pid_t, _ options: Int32) -> Int32? {
    var status: Int32 = 0
    var found: pid_t
    repeat { found = waitpid(process, &status, options) } while found == -1 && errno == EINTR
    guard found != 0 else { return nil }
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
  }

  private static func late(_ words: [String]) -> DrillError {
    failure(words, "the program had not ended in its time")
  }

  private static func read(
    _ descriptor: Int32, _ words: [String], until deadline: ContinuousClock.Instant
  ) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let left = deadline - .now
      guard left > .zero else { throw late(words) }
      var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&waiting, 1, Int32(min(left.milliseconds.rounded(.up), 1000)))
      guard ready > 0 else { continue }
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return bytes }
      bytes += buffer[..<count]
      guard bytes.count <= mostBytes else { throw failure(words, "the program wrote more than a secret is long") }
    }
  }

  /// A name is looked for on PATH; what has a slash is a path.
  private static func executable(_ name: String, _ folder: String) -> String? {
    let candidates =
      name.contains("/")
      ? [URL(fileURLWithPath: name, relativeTo: URL(fileURLWithPath: folder, isDirectory: true)).path]
      : (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map { "\($0)/\(name)" }
    return candidates.first { $0.hasPrefix("/") && FileManager.default.isExecutableFile(atPath: $0) }
  }

  private static func failure(_ words: [String], _ detail: String) -> DrillError {
    DrillError(
      .keyUnreadable, subject: words.first ?? "command", detail: "the secret cannot be had from this command: \(detail)"
    )
  }
}
