import Foundation

extension LedgerCopy {
  /// As if the processes of all runs under way had ended: their marks are gone.
  static func forgetLocks(of path: String) throws { try FileManager.default.removeItem(atPath: path + "-running") }
}
