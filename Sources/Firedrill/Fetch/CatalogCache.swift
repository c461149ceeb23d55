import DrillCrypto
import DrillModel
import Foundation

/// Where fetched backups are kept, bounded: what was used longest ago goes first, and nothing that a running drill holds.
///
/// ```
/// <cache>/lock
/// <cache>/<hash of the remote>/catalog/<backup>/…      a catalog like any other; whole files only
///                              partial/<backup>/<hash>  what an interrupted fetch has got so far
///                              state/<backup>.json      which state of which objects it is, and how long it took to come
///                              locks/<backup>           held by who uses the backup
/// ```
struct CatalogCache: Sendable {
  var folder: String
  var limitBytes: UInt64

  init(_ settings: RcloneSettings) {
    folder = settings.cacheFolder
    limitBytes = settings.cacheBytes
  }

  /// The folder of one remote, made where it is missing.
  ///
  /// - Throws: `DrillError` with `io`.
  func home(of remote: RcloneRemote) throws -> Home {
    let home = Home(path: "\(folder)/\(SHA256.digest(Array(remote.root.utf8)).hex.prefix(16))")
    do {
      for name in ["catalog", "partial", "state", "locks"] {
        try FileManager.default.createDirectory(
          atPath: "\(home.path)/\(name)", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      }
    } catch {
      throw DrillError(
        .io, stage: .catalog, subject: folder,
        detail: "the cache cannot be made here; name another folder in `cache: {folder: …}` or $FIREDRILL_CACHE",
        underlying: error)
    }
    return home
  }

  /// One remote's part of the cache.
  struct Home: Hashable, Sendable {
    var path: String

    var catalog: String { path + "/catalog" }
    var locks: String { path + "/locks" }
    func use(of backup: String) -> String { "\(locks)/\(backup)" }
    func stored(_ backup: String) -> String { "\(catalog)/\(backup)" }
    func partial(_ backup: String) -> String { "\(path)/partial/\(backup)" }
    func statePath(_ backup: String) -> String { "\(path)/state/\(backup).json" }

    func state(of backup: String) -> FetchState? {
      FileManager.default.contents(atPath: statePath(backup)).flatMap {
        try? JSONDecoder().decode(FetchState.self, from: $0)
      }
    }

    func keep(_ state: FetchState, of backup: String) {
      guard let data = try? JSONEncoder().encode(state) else { return }
      try? data.write(to: URL(fileURLWithPath: statePath(backup)), options: .atomic)
    }

    /// Removes what was fetched of a backup, but not its manifest.
    func drop(_ backup: String) {
      for name in (try? FileManager.default.subpathsOfDirectory(atPath: stored(backup))) ?? []
      where name != Catalog.manifestName {
        try? FileManager.default.removeItem(atPath: "\(stored(backup))/\(name)")
      }
      for path in [partial(backup), statePath(backup), "\(catalog)/.changes/\(backup)"] {
        try? FileManager.default.removeItem(atPath: path)
      }
    }

    /// Backups of which something was fetched, or is about to be.
    var fetched: [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: path + "/state")) ?? []).filter { $0.hasSuffix(".json") }
        .map { String($0.dropLast(5)) }
    }

    func bytes(of backup: String) -> UInt64 { FolderSize.of(stored(backup)) + FolderSize.of(partial(backup)) }
  }

  /// Makes room for a backup, and keeps it for it; returns what was evicted.
  ///
  /// - Throws: `DrillError` with `cache-full`, saying by how much it does not fit.
  func reserve(_ state: FetchState, of backup: String, in home: Home) async throws -> [String] {
    let lock = try await FileLock.held("\(folder)/lock", .exclusive)
    defer { withExtendedLifetime(lock) {} }
    let needed = state.totalBytes
    func refuse(_ detail: String) -> DrillError {
      DrillError(.cacheFull, stage: .catalog, subject: backup, detail: detail)
    }
    guard needed <= limitBytes else {
      throw refuse(
        "the backup has \(needed) bytes and the whole cache \(limitBytes): \(needed - limitBytes) too few; raise `cache: {size: …}`"
      )
    }
    var others = try kept().filter { $0.home != home || $0.backup != backup }
    var evicted: [String] = []
    var used = others.reduce(0) { $0 + $1.bytes }
    others.sort { $0.usedAt < $1.usedAt }
    for other in others where used + needed > limitBytes {
      guard let only = try FileLock.tried(other.home.use(of: other.backup), .exclusive) else { continue }
      other.home.drop(other.backup)
      withExtendedLifetime(only) {}
      used -= other.bytes
      evicted.append(other.backup)
    }
    guard used + needed <= limitBytes else {
      throw refuse(
        "the backup has \(needed) bytes, and \(used) of the cache's \(limitBytes) belong to backups that running drills hold: \(used + needed - limitBytes) too few; wait for them, or raise `cache: {size: …}`"
      )
    }
    let missing = needed - min(needed, home.bytes(of: backup))
    if let free = FolderSize.free(home.path), free < missing {
      throw refuse(
        "\(missing) bytes are still to come, and the cache's disk has \(free) free: \(missing - free) too few; make room, or name another `cache: {folder: …}`"
      )
    }
    home.keep(state, of: backup)
    return evicted
  }

  private struct Kept {
    var home: Home
    var backup: String
    var bytes: UInt64
    var usedAt: Double
  }

  private func kept() throws -> [Kept] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).map { Home(path: "\(folder)/\($0)") }
      .flatMap { home in
        home.fetched.map { backup in
          let state = home.state(of: backup)
          return Kept(
            home: home, backup: backup, bytes: max(home.bytes(of: backup), state?.totalBytes ?? 0),
            usedAt: state?.usedAt ?? 0)
        }
      }
  }
}

/// What is known of a backup's bytes in the cache.
struct FetchState: Hashable, Sendable, Codable {
  /// The state of each object that its bytes are of, by name below the backup.
  var objects: [String: RemoteListing.Object]
  /// When fetching began, and when it was last used: seconds since 1970.
  var begunAt: Double
  var usedAt: Double
  /// How long bytes took to come, over all sessions.
  var elapsedMs = 0.0
  /// Whether all of them have come.
  var isWhole = false

  var totalBytes: UInt64 { objects.values.reduce(0) { $0 + $1.sizeBytes } }
}

enum FolderSize {
  /// Bytes of the plain files below a folder; 0 where there is none.
  static func of(_ folder: String) -> UInt64 {
    guard let names = FileManager.default.enumerator(atPath: folder) else { return 0 }
    var sum: UInt64 = 0
    for case let name as String in names where name != Catalog.manifestName {
      var status = stat()
      guard lstat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      sum += UInt64(status.st_size)
    }
    return sum
  }

  /// Bytes that may still be written on a folder's file system; nil where it does not say.
  static func free(_ folder: String) -> UInt64? {
    var status = statvfs()
    guard statvfs(folder, &status) == 0 else { return nil }
    return UInt64(status.f_bavail) * UInt64(status.f_frsize)
  }
}
