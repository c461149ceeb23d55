internal import DrillModel
internal import Foundation
internal import Glibc

/// The folder of one run below a work root: mode 0700, marked as in use by a held lock, removed when the run ends.
///
/// The kernel lets go of the lock when its holder dies, however it dies; so a folder whose lock is free belongs to
/// nobody, and ``SandboxSweep`` removes it.
public enum RunFolder {
  static let lockName = "lock"
  static let prefix = "run-"

  /// Sweeps `root`, makes a folder below it, hands its absolute path to `body` and removes it, however `body` ends.
  ///
  /// - Throws: `DrillError` with `io` where the folder cannot be made; whatever `body` throws.
  public static func with<R: Sendable>(below root: String, _ body: (String) async throws -> R) async throws -> R {
    let (path, lock) = try make(below: root)
    defer {
      SandboxSweep.remove(path)
      close(lock)
    }
    return try await body(path)
  }

  private static func make(below root: String) throws -> (path: String, lock: Int32) {
    do {
      try FileManager.default.createDirectory(
        atPath: root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw DrillError(
        .io, subject: root, detail: "the work folder cannot be made; name another one in $FIREDRILL_WORK",
        underlying: error)
    }
    // Between making a folder and locking it, it looks like a dead one: a lock on the root keeps sweepers out.
    return try SandboxSweep.whileLocked(root) {
      SandboxSweep.sweepLocked(root)
      let base = URL(fileURLWithPath: root).resolvingSymlinksInPath().path
      let name = prefix + (0..<6).map { _ in String(UInt8.random(in: 0...15), radix: 16) }.joined()
      let path = "\(base)/\(name)"
      guard mkdir(path, 0o700) == 0 else {
        throw DrillError(.io, subject: root, detail: "no folder can be made in it: \(String(cString: strerror(errno)))")
      }
      let lock = open("\(path)/\(lockName)", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
      guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
        let reason = String(cString: strerror(errno))
        if lock >= 0 { close(lock) }
        SandboxSweep.remove(path)
        throw DrillError(.io, subject: root, detail: "a folder in it cannot be locked: \(reason)")
      }
      return (path, lock)
    }
  }
}
