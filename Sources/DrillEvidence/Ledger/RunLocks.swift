import DrillModel
import Glibc
import Synchronization

/// Says which runs' processes are alive: one byte of a file beside the ledger is locked for each, and the kernel unlocks it when the process ends,
/// however it ends.
///
/// The locks belong to an open file description, so that closing another descriptor of the file does not drop them (as it would classic record locks).
final class RunLocks: Sendable {
  /// Not imported from `<fcntl.h>` by Swift's Glibc. Source: Linux include/uapi/asm-generic/fcntl.h.
  private static let ofdGetLock: Int32 = 36
  private static let ofdSetLock: Int32 = 37

  private let path: String
  /// Descriptors by leaf of the run's start.
  private let held = Mutex<[Int: Int32]>([:])

  init(path: String) { self.path = path }

  deinit { held.withLock { for descriptor in $0.values { close(descriptor) } } }

  /// Marks the run that starts with `leaf` as alive until ``release(_:)`` or the end of the process.
  func hold(_ leaf: Int) throws {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    var lock = RunLocks.byte(leaf, type: F_WRLCK)
    guard descriptor >= 0, fcntl(descriptor, RunLocks.ofdSetLock, &lock) == 0 else {
      let reason = String(cString: strerror(errno))
      if descriptor >= 0 { close(descriptor) }
      throw DrillError(.ledgerUnwritable, subject: path, detail: "the run cannot be marked as running: \(reason)")
    }
    held.withLock { $0[leaf] = descriptor }
  }

  func release(_ leaf: Int) {
    if let descriptor = held.withLock({ $0.removeValue(forKey: leaf) }) { close(descriptor) }
  }

  /// Whether some process, this one included, holds the run that starts with `leaf`. Where that cannot be found out, it is taken to.
  func isHeld(_ leaf: Int) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return errno != ENOENT }
    defer { close(descriptor) }
    var lock = RunLocks.byte(leaf, type: F_RDLCK)
    return fcntl(descriptor, RunLocks.ofdGetLock, &lock) != 0 || lock.l_type != Int16(F_UNLCK)
  }

  private static func byte(_ leaf: Int, type: Int32) -> flock {
    var lock = flock()
    lock.l_type = Int16(type)
    lock.l_whence = Int16(SEEK_SET)
    lock.l_start = leaf
    lock.l_len = 1
    return lock
  }
}
