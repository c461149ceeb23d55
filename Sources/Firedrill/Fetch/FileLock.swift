import DrillModel
import Foundation

/// A lock on a file, which the kernel lets go of when its holder ends, however it ends.
final class FileLock: Sendable {
  enum Kind: Int32, Sendable {
    case shared = 1
    case exclusive = 2
  }  // LOCK_SH, LOCK_EX

  private let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }
  deinit { close(descriptor) }

  /// Nil where somebody else holds it.
  ///
  /// - Throws: `DrillError` with `io`.
  static func tried(_ path: String, _ kind: Kind) throws -> FileLock? {
    let lock = FileLock(try opened(path))
    return flock(lock.descriptor, kind.rawValue | LOCK_NB) == 0 ? lock : nil
  }

  /// Waits for it, holding no thread.
  ///
  /// - Throws: `DrillError` with `io`; `CancellationError`.
  static func held(_ path: String, _ kind: Kind) async throws -> FileLock {
    let lock = FileLock(try opened(path))
    while flock(lock.descriptor, kind.rawValue | LOCK_NB) != 0 { try await Task.sleep(for: .milliseconds(50)) }
    return lock
  }

  /// Makes a shared lock the only one; false where others hold it too, and then it may have been lost for a moment.
  func becomesExclusive() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }

  func becomesShared() { _ = flock(descriptor, LOCK_SH | LOCK_NB) }

  private static func opened(_ path: String) throws -> Int32 {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else {
      throw DrillError(
        .io, stage: .catalog, subject: "cache", detail: "no lock can be made in the cache: \(systemErrorText())")
    }
    return descriptor
  }
}
