import DrillEvidence
import DrillModel
import Foundation

/// Looks at a ledger's file from outside.
enum LedgerFileProbe {
  /// Does what opening a ledger does before SQLite comes in.
  static func open(_ path: String) throws { try Ledger.prepare(path, mode: .readWrite) }

  /// Whether another process sees a lock on the file: asked with Linux's own list of locks, by inode.
  static func isLockedForOthers(_ path: String) throws -> Bool {
    let inode = try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int ?? -1
    let locks = try String(contentsOfFile: "/proc/locks", encoding: .utf8)
    return locks.split(separator: "\n").contains { $0.contains(":\(inode) ") && $0.contains("POSIX") }
  }
}
