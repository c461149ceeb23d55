internal import DrillModel
internal import Foundation
internal import Glibc

/// Looks at a contained server that runs: where it listens, which limits it carries, and who else can open what is its.
struct ServerInspection: Sendable {
  /// The program that was launched; the server is it, or what it started.
  var launched: Int32
  var addressSpaceBytes: UInt64
  var forbidsProcesses: Bool
  /// The sandbox's folder and what lies in it.
  var folder: String
  var files: [String]
  /// The server's socket; nil where there is no server.
  var socket: String

  private typealias Kind = IsolationTrial.Kind

  /// - Throws: `CancellationError`.
  func trials(perl: String?, setpriv: String?) async throws -> IsolationProof {
    var proof = IsolationProof()
    if let server = ServerInspection.innermost(below: launched) {
      proof.add(ServerInspection.listening(server))
      for trial in limits(server) { proof.add(trial) }
    } else {
      for kind in [Kind.listensOnTCP, .memoryLimit, .coreDump] {
        proof.add(IsolationTrial(kind, .notTried, "the server's process was not found"))
      }
    }
    proof.add(
      try await OtherUserTrial(folder: folder, files: files, socket: socket).trial(perl: perl, setpriv: setpriv))
    return proof
  }

  /// Who started a process that runs.
  ///
  /// Source: proc(5), /proc/pid/stat: the parent is the fourth field.
  private static func parent(of process: Int32) -> Int32? {
    guard let text = text("/proc/\(process)/stat"), let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    return fields.count > 1 && fields[0] != "Z" ? Int32(fields[1]) : nil
  }

  /// Whether a process is the one that was launched, or one that it or its own started.
  static func isProcess(_ process: Int32, below root: Int32) -> Bool {
    var process = process
    while process != root {
      guard process > 1, let next = parent(of: process) else { return false }
      process = next
    }
    return true
  }

  /// The last of those that each started the next: bubblewrap starts a process that starts the server.
  static func innermost(below root: Int32) -> Int32? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    var children: [Int32: [Int32]] = [:]
    for process in names.compactMap({ Int32($0) }) {
      if let parent = parent(of: process) { children[parent, default: []].append(process) }
    }
    var process = root
    while let next = children[process] {
      guard next.count == 1 else { return nil }
      process = next[0]
    }
    return FileManager.default.fileExists(atPath: "/proc/\(process)") ? process : nil
  }

  /// In a network of its own, all that listens there counts; in ours, the server's own sockets.
  ///
  /// Source: proc(5), /proc/pid/net/tcp: the state is the fourth field, 0A is `TCP_LISTEN`, the inode is the tenth.
  static func listening(_ process: Int32) -> IsolationTrial {
    let tables = ["tcp", "tcp6"].compactMap { text("/proc/\(process)/net/\($0)") }
    func network(_ owner: String) -> String? {
      try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(owner)/ns/net")
    }
    guard !tables.isEmpty, let theirs = network("\(process)"), let ours = network("self"),
      let own = theirs == ours ? sockets(process) : []
    else { return IsolationTrial(.listensOnTCP, .notTried, "the server's sockets cannot be seen") }
    var listeners = 0
    for line in tables.flatMap({ $0.split(separator: "\n").dropFirst() }) {
      let fields = line.split(separator: " ")
      guard fields.count > 9, fields[3] == "0A" else { continue }
      if theirs != ours || own.contains(String(fields[9])) { listeners += 1 }
    }
    return listeners == 0
      ? IsolationTrial(.listensOnTCP, .held, "the system shows no TCP port on which the running server listens")
      : IsolationTrial(.listensOnTCP, .failed, "the running server listens on \(listeners) TCP ports")
  }

  /// Inodes of a process' sockets; nil where they cannot be seen.
  private static func sockets(_ process: Int32) -> Set<String>? {
    let folder = "/proc/\(process)/fd"
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return nil }
    var inodes: Set<String> = []
    for name in names {
      guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)"),
        target.hasPrefix("socket:[")
      else { continue }
      inodes.insert(String(target.dropFirst("socket:[".count).dropLast()))
    }
    return inodes
  }

  /// Source: proc(5), /proc/pid/limits, and /proc/pid/status: `Seccomp` 2 is a filter, `NoNewPrivs` keeps it on.
  private func limits(_ process: Int32) -> [IsolationTrial] {
    let limits = ServerInspection.text("/proc/\(process)/limits") ?? ""
    func hard(_ name: String) -> String? {
      guard let line = limits.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return nil }
      let words = line.dropFirst(name.count).split(separator: " ")
      return words.count > 1 ? String(words[1]) : nil
    }
    func trial(_ kind: Kind, _ name: String, _ wanted: Set<String>, _ held: String) -> IsolationTrial {
      guard let value = hard(name) else {
        return IsolationTrial(kind, .notTried, "the running server's limits cannot be seen")
      }
      guard !wanted.contains(value) else { return IsolationTrial(kind, .held, held) }
      let should = wanted.sorted().joined(separator: " or ")
      return IsolationTrial(kind, .failed, "the running server's limit is \(value), and should be \(should)")
    }
    var found = [
      trial(.memoryLimit, "Max address space", ["\(addressSpaceBytes)"], "the running server carries its limit"),
      trial(.coreDump, "Max core file size", ["0", "1"], "the running server's limit lets no core be written"),
    ]
    if forbidsProcesses {
      let status = ServerInspection.text("/proc/\(process)/status") ?? ""
      let lines = Set(status.split(separator: "\n"))
      if status.isEmpty {
        found.append(IsolationTrial(.processLimit, .notTried, "the running server's filter cannot be seen"))
      } else {
        found.append(
          lines.isSuperset(of: ["Seccomp:\t2", "NoNewPrivs:\t1"])
            ? IsolationTrial(.processLimit, .held, "the running server carries the filter")
            : IsolationTrial(.processLimit, .failed, "the running server does not carry the filter"))
      }
    }
    return found
  }

  private static func text(_ path: String) -> String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
  }
}
