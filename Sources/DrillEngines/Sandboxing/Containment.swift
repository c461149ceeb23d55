public import DrillModel
internal import Foundation
internal import Glibc

/// How a server is kept apart on this machine, as tried out and not as supposed.
public struct Containment: Hashable, Sendable {
  public var isolation: Isolation
  /// How it is made, or why it is no better; one sentence.
  public var detail: String
  private var means: Means

  private enum Means: Hashable, Sendable {
    case namespaces(bwrap: String, variant: Variant)
    case process(setpriv: String)
    case none
  }

  private var prlimit: String?
  private var coreLimit = Containment.noCore
  /// Unix sockets that nothing inside may find; those below ``hiddenFolders`` it does not find anyway.
  var hiddenSockets: [String] = []

  /// What differs from machine to machine: root may need a user namespace of its own, a container may forbid mounting
  /// /proc, and a kernel may take no filters.
  struct Variant: Hashable, Sendable {
    var ownUser: Bool
    var mountsProc: Bool
    /// Whether further processes are forbidden; see ``SystemCallFilter``.
    var filtersCalls: Bool

    static let all = [true, false].flatMap { filters in
      [true, false].flatMap { proc in
        [false, true].map { Variant(ownUser: $0, mountsProc: proc, filtersCalls: filters) }
      }
    }.filter { !$0.filtersCalls || SystemCallFilter.program != nil }
  }

  /// Whether a program so contained cannot start another one.
  var forbidsProcesses: Bool {
    if case .namespaces(_, let variant) = means { variant.filtersCalls } else { false }
  }

  /// Tries what the machine gives, best first.
  ///
  /// Namespaces count only where a program inside them reports other namespaces than ours.
  public static func probe(_ tools: SandboxTools) async -> Containment {
    guard let prlimit = tools.prlimit, let coreLimit = await leastCoreLimit(by: prlimit) else {
      return Containment(
        isolation: .folder,
        detail: "prlimit (util-linux) is missing, so a server's memory cannot be limited: only a private folder",
        means: .none)
    }
    let reason: String
    if let bwrap = tools.bwrap {
      switch await probeNamespaces(bwrap) {
      case .success(let variant):
        let proc = variant.mountsProc ? "" : ", /proc hidden"
        let processes = variant.filtersCalls ? ", no further processes" : ""
        return Containment(
          isolation: .namespaces,
          detail:
            "bubblewrap: own network, process, IPC and host-name namespaces\(variant.ownUser ? ", own user namespace" : "")"
            + ", read-only view of the machine, private /tmp\(proc)\(processes), ends with its parent",
          means: .namespaces(bwrap: bwrap, variant: variant), prlimit: prlimit, coreLimit: coreLimit)
      case .failure(let failure): reason = "bubblewrap gives no namespaces here (\(failure.words))"
      }
    } else {
      reason = "bubblewrap is not installed (apt-get install bubblewrap)"
    }
    guard let setpriv = tools.setpriv, await succeeds(setpriv, ["--pdeathsig", "KILL", "--no-new-privs", "true"]) else {
      return Containment(
        isolation: .folder,
        detail: "\(reason), and without setpriv (util-linux) a server would outlive us: only a private folder",
        means: .none)
    }
    return Containment(
      isolation: .process, detail: "\(reason): a process of its own that ends with its parent, on a unix socket only",
      means: .process(setpriv: setpriv), prlimit: prlimit, coreLimit: coreLimit)
  }

  /// - Throws: `DrillError` with `isolation-unavailable` where less is given than `least`.
  public func require(_ least: Isolation) throws {
    guard isolation >= least else {
      throw DrillError(
        .isolationUnavailable, stage: .restore, subject: least.rawValue,
        detail: "this machine gives only isolation `\(isolation.rawValue)`: \(detail)")
    }
  }

  /// Holds a sandbox to what was tried of it so far.
  ///
  /// - Throws: `DrillError` with `isolation-unavailable` where a promise of the isolation that is required was broken, or
  ///   a trial of `kinds` that is required does not hold.
  func require(_ request: SandboxRequest, _ proof: IsolationProof, of kinds: [IsolationTrial.Kind]) throws {
    try proof.require(kinds.filter(request.requiredProof.contains))
    let upheld = proof.upheld(of: isolation)
    guard upheld >= request.isolation else {
      let broken = proof.broken(request.isolation).map { "\($0.kind.rawValue): \($0.detail)" }
      throw DrillError(
        .isolationUnavailable, stage: .restore, subject: request.isolation.rawValue,
        detail: "this machine's isolation did not hold what it promises: \(broken.joined(separator: "; "))")
    }
  }

  /// One byte, which no core fits into. Zero would not do: a kernel that pipes cores to a program (`core_pattern`) minds
  /// no other limit than this one. Source: linux fs/coredump.c `do_coredump`.
  private static let noCore = "--core=1"

  /// Where the limit is zero already, nobody but root may raise it. Nil: no limit can be set.
  private static func leastCoreLimit(by prlimit: String) async -> String? {
    for limit in [noCore, "--core=0"] where await succeeds(prlimit, [limit, "true"]) { return limit }
    return nil
  }

  /// The command that runs `program` so contained, in `folder`, its address space limited, without core files.
  ///
  /// - Parameter visible: files that it needs to see although they may lie in a hidden place.
  func launch(
    _ program: String, _ arguments: [String], folder: String, visible: [String] = [],
    environment: [String: String] = [:],
    input: [UInt8] = [], addressSpaceBytes: UInt64
  ) -> ChildProcess.Launch {
    let limited =
      (prlimit.map { [$0, "--as=\(addressSpaceBytes)", coreLimit] } ?? []) + [program] + arguments
    let base = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"]
    switch means {
    case .namespaces(let bwrap, let variant):
      var words = Containment.namespaceArguments(variant)
      for path in visible + [program] { words += ["--ro-bind", path, path] }
      for path in hiddenSockets where !Containment.isHidden(path) && access(path, F_OK) == 0 {
        words += ["--ro-bind", "/dev/null", path]
      }
      words += ["--bind", folder, folder, "--chdir", folder]
      for (name, value) in environment.sorted(by: { $0.key < $1.key }) { words += ["--setenv", name, value] }
      var launch = ChildProcess.Launch(
        executable: bwrap, arguments: words + ["--"] + limited, environment: base, input: input)
      if variant.filtersCalls, let filter = SystemCallFilter.program { launch.files = [filter] }
      return launch
    case .process, .none:
      var words = limited
      if case .process(let setpriv) = means { words = [setpriv, "--pdeathsig", "KILL", "--no-new-privs"] + words }
      return .init(
        executable: "/usr/bin/env", arguments: ["-C", folder] + words,
        environment: base.merging(environment) { $1 }, input: input)
    }
  }

  private static func namespaceArguments(_ variant: Variant) -> [String] {
    var words = [
      "--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--new-session",
      "--cap-drop", "ALL",
    ]
    if variant.ownUser { words.append("--unshare-user") }
    words += ["--ro-bind", "/", "/", "--dev", "/dev"]
    words += variant.mountsProc ? ["--proc", "/proc"] : ["--tmpfs", "/proc"]
    for folder in hiddenFolders where isFolder(folder) { words += ["--tmpfs", folder] }
    if variant.filtersCalls { words += ["--seccomp", "3"] }
    return words
  }

  /// Others' sockets live here; a network namespace does not hide them.
  private static let hiddenFolders = ["/tmp", "/var/tmp", "/run"]

  private static func isHidden(_ path: String) -> Bool {
    hiddenFolders.contains { path.hasPrefix($0 + "/") && isFolder($0) }
  }

  /// A folder itself, and not a link to one: `/run` is often reached by `/var/run`.
  private static func isFolder(_ path: String) -> Bool {
    var information = stat()
    return lstat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
  }

  private struct Failure: Error {
    var words: String
  }

  private static func probeNamespaces(_ bwrap: String) async -> Result<Variant, Failure> {
    var words = "it does not start"
    for variant in Variant.all {
      // Without /proc a namespace cannot say its name; then a process number that only a new namespace gives has to do.
      let script = variant.mountsProc ? "exec readlink /proc/self/ns/net /proc/self/ns/pid" : "echo $$"
      var launch = ChildProcess.Launch(
        executable: bwrap, arguments: namespaceArguments(variant) + ["--", "/bin/sh", "-c", script],
        environment: ["PATH": "/usr/bin:/bin"])
      if variant.filtersCalls, let filter = SystemCallFilter.program { launch.files = [filter] }
      guard let child = try? await ChildProcess.start(launch) else { continue }
      let ending = await child.waitForEnd()
      guard ending == .exited(0) else {
        if variant == Variant.all.first { words = child.lines.first.map { withoutPaths($0) } ?? words }
        continue
      }
      let inside = child.lines
      let outside = ["net", "pid"].compactMap {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/\($0)")
      }
      let isApart =
        if variant.mountsProc {
          inside.count == 2 && outside.count == 2 && inside[0] != outside[0] && inside[1] != outside[1]
        } else {
          inside.first.flatMap { Int($0) }.map { $0 < 10 } ?? false
        }
      guard isApart else {
        words = "its namespaces are ours"
        continue
      }
      return .success(variant)
    }
    return .failure(Failure(words: words))
  }

  private static func succeeds(_ program: String, _ arguments: [String]) async -> Bool {
    let launch = ChildProcess.Launch(executable: program, arguments: arguments, environment: ["PATH": "/usr/bin:/bin"])
    guard let child = try? await ChildProcess.start(launch) else { return false }
    return await child.waitForEnd() == .exited(0)
  }
}

/// A program's line with each absolute path replaced by an ellipsis: paths say where we run, and no record should.
func withoutPaths(_ line: String) -> String {
  line.split(separator: " ", omittingEmptySubsequences: false).map { word -> Substring in
    guard let start = word.firstIndex(of: "/"), word.distance(from: word.startIndex, to: start) <= 1 else {
      return word
    }
    return word[..<start] + "…"
  }.joined(separator: " ")
}
