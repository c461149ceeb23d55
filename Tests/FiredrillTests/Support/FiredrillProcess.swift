import Foundation
import Glibc
import Testing

/// The real `firedrill`, which is built beside this test's own program, run as a person runs it.
///
/// What it says goes to files, so that nothing that it starts can keep a pipe of ours open.
struct FiredrillProcess: Sendable {
  struct Failure: Error { var detail: String }

  struct Ending: Sendable {
    /// The exit status; nil where a signal ended it.
    var status: Int32?
    var output: String
    var errors: String

    /// What `--json` printed.
    func json() throws -> [String: Any] {
      let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
      return try #require(value as? [String: Any], "not an object: \(output.prefix(200))")
    }
  }

  let processID: pid_t
  private let outputPath: String
  private let errorsPath: String

  /// Long enough for the slowest machine; nothing waits for it that goes well.
  private static let patience = Duration.seconds(180)

  /// Beside the program that runs the tests.
  static var executable: String {
    get throws {
      let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      let path = (own as NSString).deletingLastPathComponent + "/firedrill"
      guard access(path, X_OK) == 0 else { throw Failure(detail: "there is no \(path): build the whole package") }
      return path
    }
  }

  /// Runs it to its end.
  static func run(
    _ arguments: [String], in bench: TestBench, environment: [String: String] = [:]
  ) async throws -> Ending {
    try await start(arguments, in: bench, environment: environment).waitForEnd()
  }

  static func start(
    _ arguments: [String], in bench: TestBench, environment: [String: String] = [:]
  ) throws -> FiredrillProcess {
    let name = "\(bench.folder)/said-\(UInt32.random(in: .min ... .max))"
    let everything = bench.environment.merging(environment) { $1 }
    let executable = try executable
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, name + ".out", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, name + ".err", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    // What other tests have open at this moment is not its business.
    for descriptor in Int32(3)..<1024 { posix_spawn_file_actions_addclose(&actions, descriptor) }
    let words = ([executable] + arguments).map { strdup($0) } + [nil]
    let variables = everything.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in words + variables { free(pointer) } }
    var id: pid_t = 0
    let result = posix_spawn(&id, executable, &actions, nil, words, variables)
    guard result == 0 else { throw Failure(detail: "cannot be started: \(String(cString: strerror(result)))") }
    return FiredrillProcess(processID: id, outputPath: name + ".out", errorsPath: name + ".err")
  }

  var errors: String { (try? String(contentsOfFile: errorsPath, encoding: .utf8)) ?? "" }

  /// Waits until it has said `text` on its standard error; fails where it ends without.
  func waitUntilItSays(_ text: String) async throws {
    let deadline = ContinuousClock.now + FiredrillProcess.patience
    while !errors.contains(text) {
      var information = siginfo_t()
      let hasEnded =
        waitid(P_PID, id_t(processID), &information, WEXITED | WNOHANG | WNOWAIT) != 0 || exists(information)
      guard !hasEnded || errors.contains(text), .now < deadline else {
        kill(processID, SIGKILL)
        _ = try await waitForEnd()
        throw Failure(detail: "it did not say '\(text)', but:\n\(errors)")
      }
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  private func exists(_ information: siginfo_t) -> Bool { information.si_signo == SIGCHLD }

  func send(_ signal: Int32) { kill(processID, signal) }

  func waitForEnd() async throws -> Ending {
    let deadline = ContinuousClock.now + FiredrillProcess.patience
    var status: Int32 = 0
    while true {
      let ended = waitpid(processID, &status, WNOHANG)
      if ended == processID { break }
      guard ended == 0 else { throw Failure(detail: "it cannot be waited for") }
      if .now > deadline {
        kill(processID, SIGKILL)
        waitpid(processID, &status, 0)
        throw Failure(detail: "it did not end; it had said:\n\(errors)")
      }
      try await Task.sleep(for: .milliseconds(2))
    }
    // Source: wait(2), glibc bits/waitstatus.h; the macros are not imported.
    return Ending(
      status: status & 0x7F == 0 ? (status >> 8) & 0xFF : nil,
      output: (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? "", errors: errors)
  }
}
