import DrillCrypto
import DrillModel
import Foundation
import Synchronization

/// A remote catalog with what has been fetched of it: first all manifests, then the backups that are asked for.
///
/// What lies in the cache is trusted no more than what lies in a catalog's folder: integrity hashes all of it in every run.
final class CatalogMirror: Sendable {
  let remote: RcloneRemote
  /// A catalog in the mirror's folder, whose source says what the remote holds.
  let catalog: Catalog
  /// How long listing and fetching the manifests took.
  let locateElapsed: Duration
  private let listing: RemoteListing
  private let rclone: Rclone
  private let settings: RcloneSettings
  private let cache: CatalogCache
  private let home: CatalogCache.Home
  private let events: DrillEventHandler
  /// Backups that may not be evicted while this lives.
  private let uses = Mutex<[String: FileLock]>([:])

  /// Artifacts that come at the same time.
  private static let transfers = 4
  /// Calls in a row for one artifact that bring hardly anything, before it is given up.
  private static let attempts = 3

  /// Lists the remote and brings the mirror's manifests and tree heads up to date.
  ///
  /// - Throws: `DrillError`: `rclone-missing`, `fetch-failed`, `unreachable`, `authentication-failed`, `timed-out`, `io`.
  static func opened(
    _ remote: RcloneRemote, _ settings: RcloneSettings, events: @escaping DrillEventHandler
  ) async throws -> CatalogMirror {
    let start = ContinuousClock.now
    events(.started(.catalog, detail: "listing \(remote.text)"))
    defer { events(.finished(.catalog, elapsed: start.duration(to: .now))) }
    let rclone = try await Rclone.found(settings)
    let cache = CatalogCache(settings)
    let home = try cache.home(of: remote)
    let listing = try await MirrorHeads(remote: remote, rclone: rclone, home: home, maxAge: settings.maxAge).sync()
    let catalog = Catalog(
      root: home.catalog, source: MirrorSource(listing: listing, mirror: FolderSource(root: home.catalog)))
    return CatalogMirror(
      remote: remote, catalog: catalog, listing: listing, rclone: rclone, settings: settings, cache: cache, home: home,
      locateElapsed: start.duration(to: .now), events: events)
  }

  private init(
    remote: RcloneRemote, catalog: Catalog, listing: RemoteListing, rclone: Rclone, settings: RcloneSettings,
    cache: CatalogCache, home: CatalogCache.Home, locateElapsed: Duration, events: @escaping DrillEventHandler
  ) {
    self.remote = remote
    self.catalog = catalog
    self.listing = listing
    self.rclone = rclone
    self.settings = settings
    self.cache = cache
    self.home = home
    self.locateElapsed = locateElapsed
    self.events = events
  }

  // MARK: Fetching

  /// Fetches the artifacts that a manifest names, as far as the remote has them; goes on where an earlier fetch was cut off.
  ///
  /// - Parameter backup: the folder's name: what a manifest calls itself is not to be believed.
  /// - Throws: `DrillError`: `cache-full`, `fetch-failed` where the remote changed meanwhile, `io`; `CancellationError`. Artifacts that could not be fetched
  ///   are in the result.
  func fetch(_ manifest: Manifest, in backup: String) async throws -> FetchedBackup {
    let present = listing.objects(below: backup)
    let wanted = Dictionary(
      manifest.artifacts.compactMap { artifact in present[artifact.name].map { (artifact.name, $0) } },
      uniquingKeysWith: { first, _ in first })
    return try await fetch(wanted, of: backup)
  }

  /// Fetches all that a folder directly below the remote holds, for a backup without a manifest.
  ///
  /// - Throws: what ``fetch(_:in:)`` throws; `no-such-backup` where nothing lies there, `usage` where it is no such folder. What could not be fetched is
  ///   thrown as well: without a manifest nobody could tell what is missing.
  func fetch(folder: String) async throws -> FetchedBackup {
    guard !folder.contains("/"), !folder.hasPrefix(".") else {
      throw DrillError(
        .usage, stage: .catalog, subject: folder,
        detail: "of a remote catalog an unsealed backup is a folder directly below it; name that folder alone")
    }
    let wanted = listing.objects(below: folder)
    guard !wanted.isEmpty else {
      throw DrillError(
        .noSuchBackup, stage: .catalog, subject: folder, detail: "\(remote.text) holds no such folder, or nothing in it"
      )
    }
    let fetched = try await fetch(wanted, of: folder)
    if let first = fetched.unfetched.min(by: { $0.key < $1.key }) { throw first.value }
    // Where files do not tell their cut, their own time stands for it.
    for (name, object) in wanted { RemoteTime.give(object.modified, to: place(name, folder)) }
    return fetched
  }

  /// The folders directly below the remote that nobody sealed, the newest first, by the times that the remote gives.
  var unsealedFolders: [String] {
    let times = listing.topFolders.filter { !$0.hasPrefix(".") }.compactMap { folder -> (String, Instant)? in
      let objects = listing.objects(below: folder)
      guard !objects.isEmpty, objects[Catalog.manifestName] == nil else { return nil }
      let times = objects.values.compactMap { RemoteTime.parse($0.modified) }
      return (folder, times.max() ?? Instant(millisecondsSince1970: .min))
    }
    return times.sorted { ($1.1, $1.0) < ($0.1, $0.0) }.map(\.0)
  }

  private func fetch(_ wanted: [String: RemoteListing.Object], of backup: String) async throws -> FetchedBackup {
    // One fetch of a backup at a time: whoever waits finds it there.
    let fetching = try await FileLock.held("\(home.locks)/\(backup).fetch", .exclusive)
    defer { withExtendedLifetime(fetching) {} }
    let use = try await FileLock.held(home.use(of: backup), .shared)
    uses.withLock { $0[backup] = use }

    var result = FetchedBackup(backup: backup)
    var state = try kept(backup, wanted, use)
    state.usedAt = Date().timeIntervalSince1970
    result.reused = Set(wanted.keys.filter { hasPart($0, of: backup) })
    let reusedBytes = wanted.keys.reduce(0) { $0 + arrived($1, of: backup) }
    result.evicted = try await cache.reserve(state, of: backup, in: home)

    if !state.isWhole {
      result.unfetched = try await transfer(wanted, of: backup, &state)
      try await confirm(wanted, of: backup)
      state.isWhole = result.unfetched.isEmpty
      home.keep(state, of: backup)
    }
    try await changes(of: backup)
    result.elapsed = .milliseconds(state.elapsedMs)
    result.sizeBytes = state.totalBytes
    result.reusedBytes = reusedBytes
    result.begunAt = Instant(Date(timeIntervalSince1970: state.begunAt))
    return result
  }

  /// Fetches again what lies in the cache otherwise than it was sealed: it may be the cache's fault.
  func refetch(_ names: Set<String>, of backup: String) async throws -> [String: DrillError] {
    let wanted = listing.objects(below: backup).filter { names.contains($0.key) }
    guard var state = home.state(of: backup) else { return [:] }
    let fetching = try await FileLock.held("\(home.locks)/\(backup).fetch", .exclusive)
    defer { withExtendedLifetime(fetching) {} }
    for name in wanted.keys {
      for path in [place(name, backup), partial(name, backup)] { try? FileManager.default.removeItem(atPath: path) }
    }
    // What it takes now is taken already: the time of the whole backup is known, but where it is fetched for the first time.
    let elapsed = state.elapsedMs
    let failed = try await transfer(wanted, of: backup, &state)
    state.elapsedMs = elapsed
    state.isWhole = state.isWhole && failed.isEmpty
    home.keep(state, of: backup)
    try await confirm(wanted, of: backup)
    return failed
  }

  /// The state of the cache where it is of the same objects and young enough; else a new one, with nothing in the cache.
  private func kept(
    _ backup: String, _ wanted: [String: RemoteListing.Object], _ use: FileLock
  ) throws -> FetchState {
    let now = Date().timeIntervalSince1970
    if let state = home.state(of: backup), state.objects == wanted {
      // One that was cut off goes on whatever its age: else what takes longer than that would never come.
      if !state.isWhole { return state }
      let isYoung = (0...settings.maxAge.seconds).contains(now - state.begunAt)
      if isYoung, wanted.allSatisfy({ arrived($0.key, of: backup) == $0.value.sizeBytes }) { return state }
    }
    if home.bytes(of: backup) > 0 {
      guard use.becomesExclusive() else {
        throw DrillError(
          .fetchFailed, stage: .catalog, subject: backup,
          detail: "another drill uses an older state of this backup; run again when it has ended")
      }
      home.drop(backup)
      use.becomesShared()
    }
    return FetchState(objects: wanted, begunAt: now, usedAt: now)
  }

  private func transfer(
    _ wanted: [String: RemoteListing.Object], of backup: String, _ state: inout FetchState
  ) async throws -> [String: DrillError] {
    let total = wanted.values.reduce(0) { $0 + $1.sizeBytes }
    let start = ContinuousClock.now
    let before = state.elapsedMs
    // Largest first, so that the last to come is a short one.
    let order = wanted.sorted { ($1.value.sizeBytes, $0.key) < ($0.value.sizeBytes, $1.key) }
    let meter = Task { [state, home, events] in
      var state = state
      while !Task.isCancelled {
        try? await Task.sleep(for: .milliseconds(200))
        // Kept all the while, so that time is not lost with a process that is killed.
        state.elapsedMs = before + start.duration(to: .now).milliseconds
        home.keep(state, of: backup)
        let done = wanted.keys.reduce(0) { $0 + arrived($1, of: backup) }
        events(.progress(.catalog, done: done, total: total, unit: .bytes))
      }
    }
    var failed: [String: DrillError] = [:]
    let problem: (any Error)?
    do {
      let errors = try await concurrently(order, atMost: CatalogMirror.transfers) { object in
        try await self.fetch(object.key, object.value, of: backup)
      }
      for (object, error) in zip(order, errors) { failed[object.key] = error }
      problem = nil
    } catch {
      problem = error
    }
    meter.cancel()
    await meter.value
    state.elapsedMs = before + start.duration(to: .now).milliseconds
    home.keep(state, of: backup)
    if let problem { throw problem }
    return failed
  }

  /// Fetches one object, from where an earlier call stopped; nil once all of it is in place.
  ///
  /// rclone copies single files from their beginning, but prints them from any offset: so what it prints is appended.
  private func fetch(
    _ name: String, _ object: RemoteListing.Object, of backup: String
  ) async throws -> DrillError? {
    let subject = "\(backup)/\(name)"
    func failure(_ code: DrillError.Code, _ detail: String) -> DrillError {
      DrillError(code, stage: .catalog, subject: subject, detail: detail)
    }
    let (target, path) = (place(name, backup), partial(name, backup))
    if hasWhole(name, object, of: backup) { return nil }
    do {
      for folder in [(target as NSString).deletingLastPathComponent, home.partial(backup)] {
        try FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      }
    } catch {
      return failure(.io, "no folder can be made for it in the cache: \(error.localizedDescription)")
    }
    var idle = 0
    while true {
      try Task.checkCancellation()
      let descriptor: Int32
      do {
        descriptor = try CatalogMirror.openPartial(path, subject)
      } catch let error as DrillError {
        return error
      }
      defer { close(descriptor) }
      if CatalogMirror.size(descriptor) > object.sizeBytes { ftruncate(descriptor, 0) }
      let before = CatalogMirror.size(descriptor)
      if before == object.sizeBytes {
        // On disk before it has its name: what a crash leaves must not look like damage of the backup.
        guard fsync(descriptor) == 0, rename(path, target) == 0 else {
          return failure(.io, "it cannot be put in place in the cache: \(systemErrorText())")
        }
        return nil
      }
      let outcome = try await rclone.run(
        // Without a buffer of rclone's, what has arrived is kept when it is cut off.
        ["cat", "--buffer-size", "0", "--offset", "\(before)", remote.path(subject)], subject: subject,
        output: descriptor,
        arrived: { CatalogMirror.size(descriptor) })
      let after = CatalogMirror.size(descriptor)
      guard after <= object.sizeBytes else {
        ftruncate(descriptor, 0)
        return failure(.fetchFailed, "it is larger than the remote lists it: it changes while it is fetched")
      }
      // A few bytes a call would go on for ever.
      let isProgress = after > before && after - before >= min(object.sizeBytes / 100, 1 << 20)
      idle = isProgress ? 0 : idle + 1
      switch outcome {
      case .done:
        if after < object.sizeBytes, idle > 0 {
          return failure(
            .fetchFailed,
            "the remote lists \(object.sizeBytes) bytes and gives \(after): it changes while it is fetched")
        }
      case .notFound:
        return failure(.fetchFailed, "it was listed, and is not there any more: see what deletes backups at this time")
      case .failed(let error):
        let isFinal = [DrillError.Code.authenticationFailed, .io].contains(error.code)
        if isFinal || idle >= CatalogMirror.attempts || error.code == .timedOut && idle > 0 { return error }
      }
    }
  }

  /// Opens it for appending, alone: one that an rclone without a parent still writes to is left to it, and begun anew.
  private static func openPartial(_ path: String, _ subject: String) throws -> Int32 {
    for _ in 0..<2 {
      let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard descriptor >= 0 else { break }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return descriptor }
      close(descriptor)
      unlink(path)
    }
    throw DrillError(
      .io, stage: .catalog, subject: subject, detail: "it cannot be written to in the cache: \(systemErrorText())")
  }

  private static func size(_ descriptor: Int32) -> UInt64 {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? UInt64(status.st_size) : 0
  }

  /// Change logs are no artifacts: nobody seals them, they grow, and are fetched whole each time. A stale one would leave changes unexplained.
  private func changes(of backup: String) async throws {
    let folder = ".changes/\(backup)"
    guard !listing.objects(below: folder).isEmpty else { return }
    let (incoming, place) = ("\(home.path)/changes-\(backup)", "\(home.catalog)/\(folder)")
    defer { try? FileManager.default.removeItem(atPath: incoming) }
    let outcome = try await rclone.run(["copy", remote.path(folder), incoming], subject: folder)
    if case .failed(let error) = outcome { throw error }
    do {
      try FileManager.default.createDirectory(
        atPath: home.catalog + "/.changes", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      try? FileManager.default.removeItem(atPath: place)
      try FileManager.default.moveItem(atPath: incoming, toPath: place)
    } catch {
      throw DrillError(
        .io, stage: .catalog, subject: folder, detail: "the change log cannot be put in place in the cache",
        underlying: error)
    }
  }

  /// Asks the remote again: bytes of two states of an object are nobody's backup.
  private func confirm(_ wanted: [String: RemoteListing.Object], of backup: String) async throws {
    let now = try await rclone.list(remote, backup, in: home)
    let changed = wanted.filter { now.objects[$0.key] != $0.value }.keys.sorted()
    guard let first = changed.first else { return }
    for name in changed {
      for path in [place(name, backup), partial(name, backup)] { try? FileManager.default.removeItem(atPath: path) }
    }
    throw DrillError(
      .fetchFailed, stage: .catalog, subject: "\(backup)/\(first)",
      detail:
        "it changed or went away while it was fetched, and what came of it was dropped; see what writes to stored backups"
    )
  }

  // MARK: Files of the cache

  private func place(_ name: String, _ backup: String) -> String { "\(home.stored(backup))/\(name)" }

  private func partial(_ name: String, _ backup: String) -> String {
    "\(home.partial(backup))/\(SHA256.digest(Array(name.utf8)).hex.prefix(32))"
  }

  private func hasWhole(_ name: String, _ object: RemoteListing.Object, of backup: String) -> Bool {
    var status = stat()
    return lstat(place(name, backup), &status) == 0 && status.st_mode & S_IFMT == S_IFREG
      && UInt64(status.st_size) == object.sizeBytes
  }

  private func hasPart(_ name: String, of backup: String) -> Bool { arrived(name, of: backup) > 0 }

  private func arrived(_ name: String, of backup: String) -> UInt64 {
    for path in [place(name, backup), partial(name, backup)] {
      var status = stat()
      if lstat(path, &status) == 0 { return UInt64(status.st_size) }
    }
    return 0
  }

  // MARK: The tree head

  /// Leaves beside the remote catalog what `write` leaves in its mirror: tree heads, the one thing that is ever written there.
  ///
  /// - Throws: `DrillError`: why it could not be left there.
  func leaveHeads(_ write: (String) throws -> Void) async throws {
    guard !remote.isReadOnly else {
      throw DrillError(.catalogUnwritable, subject: remote.text, detail: "nothing can be written there")
    }
    let before = heads()
    try write(home.catalog)
    for (name, bytes) in heads() where before[name] != bytes {
      let outcome = try await rclone.run(
        ["copyto", "\(home.catalog)/.firedrill/\(name)", remote.path(".firedrill/\(name)")],
        subject: ".firedrill/\(name)")
      switch outcome {
      case .done: continue
      case .notFound(let error), .failed(let error): throw error
      }
    }
  }

  private func heads() -> [String: Data] {
    let folder = home.catalog + "/.firedrill"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return Dictionary(
      uniqueKeysWithValues: names.filter { $0.hasSuffix(".note") }.compactMap { name in
        FileManager.default.contents(atPath: "\(folder)/\(name)").map { (name, $0) }
      })
  }
}

/// A backup as it came out of a remote catalog.
struct FetchedBackup: Sendable {
  var backup: String
  /// Artifacts that the remote has and that could not be fetched.
  var unfetched: [String: DrillError] = [:]
  /// Artifacts of which bytes were there from an earlier run.
  var reused: Set<String> = []
  var reusedBytes: UInt64 = 0
  var sizeBytes: UInt64 = 0
  /// How long all of it took to come, earlier runs included: a restore has to wait for all of it.
  var elapsed = Duration.zero
  var begunAt = Instant.now
  var evicted: [String] = []
}

extension Rclone {
  /// Lists what lies below a folder of the remote.
  ///
  /// - Throws: `DrillError`; a listing that is not whole is none.
  func list(_ remote: RcloneRemote, _ folder: String, in home: CatalogCache.Home) async throws -> RemoteListing {
    let path = "\(home.path)/listing-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw DrillError(
        .io, stage: .catalog, subject: "cache", detail: "nothing can be written there: \(systemErrorText())")
    }
    defer {
      close(descriptor)
      unlink(path)
    }
    let subject = folder.isEmpty ? remote.text : folder
    let outcome = try await run(
      // With the slash a web server shows the folder at once.
      (remote.isReadOnly ? ["--log-level", "DEBUG"] : []) + [
        "lsjson", "--recursive", "--no-mimetype", remote.path(folder) + (folder.isEmpty ? "" : "/"),
      ], subject: subject,
      output: descriptor
    ) {
      var status = stat()
      return fstat(descriptor, &status) == 0 ? UInt64(status.st_size) : 0
    }
    switch outcome {
    case .done: return try RemoteListing(parsing: FileManager.default.contents(atPath: path) ?? Data(), of: subject)
    case .notFound(let error), .failed(let error): throw error
    }
  }
}
