import DrillModel
import Foundation

/// The folder of a backup that is being taken, `.partial-<id>` beside the sealed ones: held by a lock for as long as this value lives.
///
/// The kernel lets go of the lock when its holder dies, however it dies. So a folder whose lock is free is what a killed capture left, production's data in it,
/// and ``sweep(catalog:)`` removes it.
final class StagingFolder: Sendable {
  static let prefix = ".partial-"

  let path: String
  private let lock: Int32

  /// Removes what killed captures left, and makes a folder, mode 0700.
  ///
  /// - Throws: `DrillError` with `catalog-unwritable`.
  init(catalog: String, id: String) throws {
    path = "\(catalog)/\(StagingFolder.prefix)\(id)"
    do {
      try FileManager.default.createDirectory(atPath: catalog, withIntermediateDirectories: true)
      lock = try StagingFolder.whileLocked(catalog) { [path] in
        StagingFolder.sweepLocked(catalog)
        try FileManager.default.createDirectory(
          atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        let lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // Where a file system has no locks, nobody else's sweep can take one either.
        if lock >= 0 { _ = flock(lock, LOCK_EX | LOCK_NB) }
        return lock
      }
    } catch {
      throw DrillError(
        .catalogUnwritable, subject: catalog,
        detail: "a backup cannot be put here; see the folder's mode and free space", underlying: error)
    }
  }

  deinit { if lock >= 0 { close(lock) } }

  /// Removes what killed captures left in a catalog, as far as it may be written to; folders of captures under way are not touched.
  static func sweep(catalog: String) { try? whileLocked(catalog) { sweepLocked(catalog) } }

  private static func sweepLocked(_ catalog: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: catalog)) ?? [] where name.hasPrefix(prefix) {
      let folder = open("\(catalog)/\(name)", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
      guard folder >= 0 else { continue }
      defer { close(folder) }
      if flock(folder, LOCK_EX | LOCK_NB) == 0 { try? FileManager.default.removeItem(atPath: "\(catalog)/\(name)") }
    }
  }

  /// Between making a folder and locking it, it looks like a dead one: a lock on the catalog keeps sweepers out.
  private static func whileLocked<R>(_ catalog: String, _ body: () throws -> R) throws -> R {
    let folder = open(catalog, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if folder >= 0 { close(folder) } }
    if folder >= 0 { while flock(folder, LOCK_EX) == -1 && errno == EINTR {} }
    return try body()
  }
}
