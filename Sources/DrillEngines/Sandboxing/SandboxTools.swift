internal import Foundation

/// The programs that keep a sandbox apart, as found on this machine; nil: not installed.
public struct SandboxTools: Hashable, Sendable {
  /// bubblewrap: namespaces of its own.
  public var bwrap: String?
  /// util-linux: ends a process with its parent.
  public var setpriv: String?
  /// util-linux: limits a process' memory.
  public var prlimit: String?
  /// Tries the isolation from inside.
  public var perl: String?
  /// The preloaded library that holds a server's wall clock still.
  public var frozenClock: String?

  public init(bwrap: String?, setpriv: String?, prlimit: String?, perl: String?, frozenClock: String?) {
    self.bwrap = bwrap
    self.setpriv = setpriv
    self.prlimit = prlimit
    self.perl = perl
    self.frozenClock = frozenClock
  }

  /// What is on PATH; the clock beside our executable, or where `FIREDRILL_FROZEN_CLOCK` says.
  ///
  /// - Parameter environment: nil: our own.
  public static func found(environment: [String: String]? = nil) -> SandboxTools {
    let environment = environment ?? ProcessInfo.processInfo.environment
    return SandboxTools(
      bwrap: executable("bwrap", environment: environment), setpriv: executable("setpriv", environment: environment),
      prlimit: executable("prlimit", environment: environment), perl: executable("perl", environment: environment),
      frozenClock: frozenClock(environment: environment))
  }

  /// Absolute path of a program, from a name that is looked for on PATH or from a path; nil where there is no such
  /// executable file.
  public static func executable(_ name: String, environment: [String: String]? = nil) -> String? {
    if name.contains("/") {
      let path = URL(fileURLWithPath: name).standardizedFileURL.path
      return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }
    let folders = ((environment ?? ProcessInfo.processInfo.environment)["PATH"] ?? "/usr/local/bin:/usr/bin:/bin")
      .split(separator: ":")
    return folders.map { "\($0)/\(name)" }.first {
      $0.hasPrefix("/") && FileManager.default.isExecutableFile(atPath: $0)
    }
  }

  private static func frozenClock(environment: [String: String]) -> String? {
    if let path = environment["FIREDRILL_FROZEN_CLOCK"] {
      return FileManager.default.isReadableFile(atPath: path) ? path : nil
    }
    guard let ours = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else { return nil }
    let folder = URL(fileURLWithPath: ours).deletingLastPathComponent()
    // An installed program keeps it in lib/; a test's executable lies beside it or, as a bundle, one folder above.
    return ["libCFrozenClock.so", "../lib/libCFrozenClock.so", "../lib/firedrill/libCFrozenClock.so"]
      .map { folder.appendingPathComponent($0).standardizedFileURL.path }
      .first { FileManager.default.isReadableFile(atPath: $0) }
  }
}
