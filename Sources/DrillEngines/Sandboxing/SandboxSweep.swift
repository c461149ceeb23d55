internal import DrillModel
internal import Foundation
internal import Glibc

/// Removes what runs that were killed left below a work root: their folders, and servers that still run in them.
public enum SandboxSweep {
  /// Returns the names of the folders that were removed; empty where nothing was left, or there is no such root.
  ///
  /// Folders whose runs are alive are not touched, nor is anything that no run made.
  ///
  /// - Throws: `DrillError` with `io` where the root cannot be locked.
  @discardableResult
  public static func sweep(below root: String) throws -> [String] {
    guard FileManager.default.fileExists(atPath: root) else { return [] }
    return try whileLocked(root) { sweepLocked(root) }
  }

  static func whileLocked<R>(_ root: String, _ body: () throws -> R) throws -> R {
    let lock = open("\(root)/.lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard lock >= 0 else {
      throw DrillError(
        .io, subject: root, detail: "the work folder cannot be locked: \(String(cString: strerror(errno)))")
    }
    defer { close(lock) }
    while flock(lock, LOCK_EX) == -1 {
      guard errno == EINTR else {
        throw DrillError(
          .io, subject: root, detail: "the work folder cannot be locked: \(String(cString: strerror(errno)))")
      }
    }
    return try body()
  }

  @discardableResult
  static func sweepLocked(_ root: String) -> [String] {
    let base = URL(fileURLWithPath: root).resolvingSymlinksInPath().path
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []).sorted()
    return names.filter { name in
      guard name.hasPrefix(RunFolder.prefix) else { return false }
      let path = "\(base)/\(name)"
      let lock = open("\(path)/\(RunFolder.lockName)", O_RDWR | O_CLOEXEC | O_NOFOLLOW)
      if lock < 0 {
        // No lock at all: its maker died between two steps. Anything else in it means that it is not ours.
        return rmdir(path) == 0
      }
      defer { close(lock) }
      guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { return false }
      endProcesses(in: path)
      remove(path)
      return true
    }
  }

  /// Removes a run's folder, its lock last: wherever a kill ends this, the next sweep knows what is left for ours.
  static func remove(_ path: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names where name != RunFolder.lockName {
      try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }
    guard (try? FileManager.default.contentsOfDirectory(atPath: path))?.allSatisfy({ $0 == RunFolder.lockName }) == true
    else { return }
    unlink("\(path)/\(RunFolder.lockName)")
    rmdir(path)
  }

  /// Kills what still works below `folder`. Children end with us by themselves; this is for one that was killed between
  /// being started and being told so.
  private static func endProcesses(in folder: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let pid = pid_t(name), pid > 1, pid != getpid() else { continue }
      guard let working = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(name)/cwd") else {
        continue
      }
      if working == folder || working.hasPrefix(folder + "/") { kill(pid, SIGKILL) }
    }
  }
}
