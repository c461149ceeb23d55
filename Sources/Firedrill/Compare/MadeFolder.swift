import DrillModel
import Foundation

/// A folder for files that are made to be read, below the work folder; removed with its last owner.
final class MadeFolder: Sendable {
  let path: String

  /// - Throws: `DrillError` with `io`.
  init() throws {
    path = "\(Workplace.workRoot())/made-\(UUID().uuidString.lowercased())"
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw DrillError(
        .io, subject: path,
        detail: "no folder can be made to put a chain together; name another one in $FIREDRILL_WORK",
        underlying: error)
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
