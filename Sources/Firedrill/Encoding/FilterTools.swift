import DrillEngines
import DrillModel
import Foundation

/// The programs that encode and decode, and how each is started: with an empty environment, so that no home, keyring or agent
/// of the person's is reached.
enum FilterTools {
  /// Names that every program that reads our manifests knows.
  enum Builtin: String, CaseIterable, Sendable {
    case zstd, gzip, lz4, age, gpg, cms

    var program: String { self == .cms ? "openssl" : rawValue }
    /// Its package on Debian.
    var package: String { self == .gpg ? "gnupg" : program }
    /// The kind of key that it takes; nil where it takes none.
    var keyKind: KeyKind? { KeyKind(rawValue: rawValue) }
  }

  /// Kinds of keys, each named as the filter that takes it.
  enum KeyKind: String, CaseIterable, Sendable { case age, gpg, cms }

  /// Most bytes of a key, a recipient or a passphrase.
  static let keyLimit = 32 << 10
  /// Bytes that a filter may take; zstd keeps itself to its usual 128 MiB and what that takes.
  private static let memoryBytes: UInt64 = 1 << 30

  static let environment = ["LC_ALL": "C", "PATH": "/usr/local/bin:/usr/bin:/bin"]

  /// - Throws: `DrillError` with `filter-missing`.
  static func executable(_ program: String, package: String) throws -> String {
    if let path = SandboxTools.executable(program) { return path }
    throw DrillError(
      .filterMissing, subject: program, detail: "this program is not on PATH; apt-get install \(package)")
  }

  /// - Parameter streams: false for a program that holds all of a file of `sizeBytes` in memory.
  /// - Throws: `DrillError` with `filter-missing`.
  static func launch(
    _ builtin: Builtin, _ arguments: [String], files: [[UInt8]] = [], streams: Bool = true, sizeBytes: UInt64 = 0
  ) throws -> ChildProcess.Launch {
    let program = try executable(builtin.program, package: builtin.package)
    let bound = memoryBytes + (streams ? 0 : 4 * sizeBytes)
    var launch = limited(program, arguments, memoryBytes: bound)
    launch.files = files
    return launch
  }

  /// Starts a program with bounds on its memory, which ends when we do, where util-linux is there for it. Core dumps are off in all that we start.
  static func limited(
    _ program: String, _ arguments: [String], memoryBytes: UInt64 = memoryBytes
  ) -> ChildProcess.Launch {
    var words = [program] + arguments
    if let prlimit = SandboxTools.executable("prlimit") { words = [prlimit, "--data=\(memoryBytes)"] + words }
    if let setpriv = SandboxTools.executable("setpriv") { words = [setpriv, "--pdeathsig", "KILL"] + words }
    return ChildProcess.Launch(executable: words[0], arguments: Array(words.dropFirst()), environment: environment)
  }

  /// What a short-lived tool says on its output; nil where it fails.
  ///
  /// - Throws: `DrillError` with `filter-failed` where it cannot be started.
  static func said(_ launch: ChildProcess.Launch, within patience: Duration = .seconds(60)) async throws -> [String]? {
    do {
      return try await ChildProcess.with(launch) { child in
        await child.waitForEnd(within: patience) == .exited(0) ? child.lines : nil
      }
    } catch let error as DrillError {
      throw DrillError(.filterFailed, subject: error.subject, detail: error.detail, underlying: error)
    }
  }
}
