internal import DrillModel
internal import Foundation
internal import Glibc
internal import Synchronization

/// A program that we started, with what it has said last.
///
/// The kernel sends a parent-death signal when the *thread* that started the child ends, not the process, and threads
/// of a pool come and go. So each child has a thread of its own, which starts it, reads what it says and waits for its
/// end. Source: prctl(2), PR_SET_PDEATHSIG.
package final class ChildProcess: Sendable {
  package enum Ending: Hashable, Sendable {
    case exited(Int32)
    case signalled(Int32)
  }

  package struct Launch: Sendable {
    /// Absolute path.
    package var executable: String
    package var arguments: [String]
    /// The whole environment; nothing of ours is inherited.
    package var environment: [String: String] = [:]
    /// What it reads from its standard input, up to 32 KiB: that a pipe takes without a reader.
    package var input: [UInt8] = []
    /// An open file that is its standard input, instead of ``input``; stays the caller's to close.
    package var inputFile: Int32?
    /// What it finds at descriptors 3, 4 and so on, each a file in memory that can also be opened as `/proc/self/fd/3`:
    /// secrets stand neither in its arguments nor on a disk.
    package var files: [[UInt8]] = []
    /// An open file that its standard output goes to, so that only its errors are read as lines; nil: both are read. Stays
    /// the caller's to close.
    package var output: Int32?

    package init(executable: String, arguments: [String], environment: [String: String] = [:], input: [UInt8] = []) {
      self.executable = executable
      self.arguments = arguments
      self.environment = environment
      self.input = input
    }
  }

  private struct State {
    var pid: pid_t = 0
    var lines: [String] = []
    var partial: [UInt8] = []
    var ending: Ending?
    var waiting: [CheckedContinuation<Ending, Never>] = []
  }

  private static let keptLines = 200
  private static let keptLineBytes = 1024

  private let state = Mutex(State())

  private init() {}

  /// Starts a program in a process group of its own, so that Ctrl-C at a terminal reaches us and not it. Output and
  /// errors are read together.
  ///
  /// - Throws: `DrillError` with `server-failed` where it cannot be started.
  package static func start(_ launch: Launch) async throws -> ChildProcess {
    precondition(launch.input.count <= 32 << 10, "input beyond what a pipe holds")
    let child = ChildProcess()
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      let thread = Thread {
        do {
          let output = try child.spawn(launch)
          continuation.resume()
          child.follow(output)
        } catch {
          continuation.resume(throwing: error)
        }
      }
      thread.name = "child process"
      thread.start()
    }
    return child
  }

  /// Starts a program, lets `body` run and kills the program, however `body` ends; returns when nothing of it is left.
  package static func with<R: Sendable>(_ launch: Launch, _ body: (ChildProcess) async throws -> R) async throws -> R {
    let child = try await start(launch)
    do {
      let result = try await body(child)
      await child.end()
      return result
    } catch {
      await child.end()
      throw error
    }
  }

  /// Nil while it runs.
  package var ending: Ending? { state.withLock { $0.ending } }

  /// Its number, which may be another's once it has ended.
  package var processID: Int32 { state.withLock { $0.pid } }

  /// The last lines of what it said, oldest first, at most 200.
  package var lines: [String] {
    state.withLock { $0.lines + ($0.partial.isEmpty ? [] : [String(decoding: $0.partial, as: UTF8.self)]) }
  }

  /// Waits for its end, and for that of all its children that write to the same output; not cut short by cancellation.
  package func waitForEnd() async -> Ending {
    await withCheckedContinuation { continuation in
      let ended = state.withLock { state -> Ending? in
        if state.ending == nil { state.waiting.append(continuation) }
        return state.ending
      }
      if let ended { continuation.resume(returning: ended) }
    }
  }

  /// Waits for its end, and kills it where that takes longer than `patience`; nil then.
  package func waitForEnd(within patience: Duration) async -> Ending? {
    let watchdog = Task {
      guard (try? await Task.sleep(for: patience)) != nil else { return false }
      await end()
      return true
    }
    let ending = await waitForEnd()
    watchdog.cancel()
    return await watchdog.value ? nil : ending
  }

  /// Kills it and waits until nothing of it is left.
  ///
  /// The whole group: bubblewrap's own child is in it until it leads a session, and only shortly before does it ask to
  /// die with bubblewrap. Killed alone in between, bubblewrap would leave it behind, and its end would never be seen.
  /// Source: bubblewrap 0.8 bubblewrap.c, `main`: `handle_die_with_parent`, then `setsid`.
  package func end() async {
    state.withLock { if $0.ending == nil, $0.pid > 0 { kill(-$0.pid, SIGKILL) } }
    _ = await waitForEnd()
  }

  // MARK: on the child's thread

  private func spawn(_ launch: Launch) throws -> Int32 {
    var input: [Int32] = [-1, -1]
    var output: [Int32] = [-1, -1]
    // Closed on exec from the first moment, which pipe(2) cannot: a child that another thread starts meanwhile would
    // hold the ends open, and this one's end would never be seen.
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &input) == 0, socketpair(AF_UNIX, kind, 0, &output) == 0 else {
      throw ChildProcess.failure("no pipe", launch, errno)
    }
    defer {
      close(input[0])
      close(output[1])
    }
    let written = launch.input.withUnsafeBytes { write(input[1], $0.baseAddress, $0.count) }
    close(input[1])
    guard written == launch.input.count else {
      close(output[0])
      throw ChildProcess.failure("its input cannot be written", launch, errno)
    }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let files = try launch.files.map { try ChildProcess.inMemory($0, launch) }
    defer { for file in files { close(file) } }
    posix_spawn_file_actions_adddup2(&actions, launch.inputFile ?? input[0], 0)
    posix_spawn_file_actions_adddup2(&actions, launch.output ?? output[1], 1)
    posix_spawn_file_actions_adddup2(&actions, output[1], 2)
    // Nothing else that is open here is the child's business.
    for (target, file) in files.enumerated() { posix_spawn_file_actions_adddup2(&actions, file, Int32(target) + 3) }
    for descriptor in ChildProcess.openDescriptors() where descriptor > 2 + files.count {
      posix_spawn_file_actions_addclose(&actions, descriptor)
    }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

    let arguments = ([launch.executable] + launch.arguments).map { strdup($0) } + [nil]
    let environment = launch.environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for string in arguments + environment { free(string) } }
    var pid: pid_t = 0
    let result = posix_spawn(&pid, launch.executable, &actions, &attributes, arguments, environment)
    guard result == 0 else {
      close(output[0])
      throw ChildProcess.failure("cannot be started", launch, result)
    }
    state.withLock { $0.pid = pid }
    return output[0]
  }

  /// A file without a name that holds `bytes` and is read from its beginning; at a number that no child's own files take.
  private static func inMemory(_ bytes: [UInt8], _ launch: Launch) throws -> Int32 {
    let name = "/firedrill-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    let made = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0o600)
    guard made >= 0 else { throw failure("no memory for its files", launch, errno) }
    shm_unlink(name)
    defer { close(made) }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { write(made, $0.baseAddress?.advanced(by: written), bytes.count - written) }
      guard count > 0 else { throw failure("no memory for its files", launch, errno) }
      written += count
    }
    lseek(made, 0, SEEK_SET)
    let moved = fcntl(made, F_DUPFD_CLOEXEC, 64)
    guard moved >= 0 else { throw failure("no memory for its files", launch, errno) }
    return moved
  }

  private static func failure(_ what: String, _ launch: Launch, _ code: Int32) -> DrillError {
    let name = launch.executable.split(separator: "/").last.map(String.init) ?? launch.executable
    return DrillError(.serverFailed, subject: name, detail: "\(what): \(String(cString: strerror(code)))")
  }

  private static func openDescriptors() -> [Int32] {
    guard let folder = opendir("/proc/self/fd") else { return Array(3..<1024) }
    defer { closedir(folder) }
    var found: [Int32] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if let descriptor = Int32(name) { found.append(descriptor) }
    }
    return found
  }

  /// Reads until the last holder of the output has closed it, which is when the program and all that it started are
  /// gone.
  private func follow(_ output: Int32) {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = read(output, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      state.withLock { state in
        for byte in buffer[..<count] {
          if byte == 0x0A {
            state.lines.append(String(decoding: state.partial, as: UTF8.self))
            state.partial.removeAll(keepingCapacity: true)
          } else if state.partial.count < ChildProcess.keptLineBytes {
            state.partial.append(byte)
          }
        }
        if state.lines.count > ChildProcess.keptLines {
          state.lines.removeFirst(state.lines.count - ChildProcess.keptLines)
        }
      }
    }
    close(output)
    let pid = state.withLock { $0.pid }
    // First without reaping it, so that the process id stays ours until nobody can kill by it any more.
    var information = siginfo_t()
    while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) == -1 && errno == EINTR {}
    let waiting = state.withLock { state -> ([CheckedContinuation<Ending, Never>], Ending) in
      var status: Int32 = 0
      while waitpid(pid, &status, 0) == -1 && errno == EINTR {}
      // Source: wait(2), glibc bits/waitstatus.h; the macros are not imported.
      let ending: Ending = status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .signalled(status & 0x7F)
      state.ending = ending
      defer { state.waiting = [] }
      return (state.waiting, ending)
    }
    for continuation in waiting.0 { continuation.resume(returning: waiting.1) }
  }
}
