import DrillModel
import Foundation

/// Brings the small files of a mirror up to date: all manifests, and the tree heads that ledgers left.
struct MirrorHeads {
  var remote: RcloneRemote
  var rclone: Rclone
  var home: CatalogCache.Home
  var maxAge: Duration

  private struct Known: Codable {
    var object: RemoteListing.Object
    var fetchedAt: Double
  }

  private static let rounds = 3

  func sync() async throws -> RemoteListing {
    let lock = try await FileLock.held("\(home.path)/lock", .exclusive)
    defer { withExtendedLifetime(lock) {} }
    var round = 1
    while true {
      let listing = try await rclone.list(remote, "", in: home)
      do {
        try await update(to: listing)
        return listing
      } catch let vanished as Vanished {
        // Retention deletes while we look: what there is now says a new listing.
        guard round < MirrorHeads.rounds else { throw vanished.error }
        round += 1
      }
    }
  }

  private struct Vanished: Error { var error: DrillError }

  private func update(to listing: RemoteListing) async throws {
    var known = knownFiles()
    let now = Date().timeIntervalSince1970
    let small = listing.objects.filter { isSmallFile($0.key) }
    let stale = small.filter { path, object in
      guard !path.hasPrefix("."), let known = known[path], known.object == object else { return true }
      return !(0...maxAge.seconds).contains(now - known.fetchedAt) || access("\(home.catalog)/\(path)", F_OK) != 0
    }
    try remove(absentFrom: listing)
    try await fetch(stale)
    for path in stale.keys {
      known[path] = Known(object: stale[path] ?? .init(sizeBytes: 0, modified: ""), fetchedAt: now)
    }
    known = known.filter { small[$0.key] != nil }
    try settle(listing, small)
    try? JSONEncoder().encode(known).write(to: URL(fileURLWithPath: knownPath), options: .atomic)
  }

  private func isSmallFile(_ path: String) -> Bool {
    let parts = path.split(separator: "/")
    guard parts.count == 2 else { return false }
    return parts[0] == ".firedrill"
      ? parts[1].hasSuffix(".note") : !parts[0].hasPrefix(".") && parts[1] == Catalog.manifestName
  }

  private var knownPath: String { home.path + "/manifests.json" }

  private func knownFiles() -> [String: Known] {
    FileManager.default.contents(atPath: knownPath).flatMap {
      try? JSONDecoder().decode([String: Known].self, from: $0)
    }
      ?? [:]
  }

  /// What the remote has no more; a backup that a running drill holds stays until it is let go.
  private func remove(absentFrom listing: RemoteListing) throws {
    let manager = FileManager.default
    for name in (try? manager.contentsOfDirectory(atPath: home.catalog)) ?? [] where !name.hasPrefix(".") {
      if !listing.folders.contains(name) {
        guard let only = try FileLock.tried(home.use(of: name), .exclusive) else { continue }
        home.drop(name)
        try? manager.removeItem(atPath: home.stored(name))
        withExtendedLifetime(only) {}
        for suffix in ["", ".fetch"] { unlink(home.use(of: name) + suffix) }
      } else if listing.objects["\(name)/\(Catalog.manifestName)"] == nil {
        unlink("\(home.stored(name))/\(Catalog.manifestName)")
      }
    }
    for name in (try? manager.contentsOfDirectory(atPath: home.catalog + "/.firedrill")) ?? []
    where listing.objects[".firedrill/\(name)"] == nil {
      unlink("\(home.catalog)/.firedrill/\(name)")
    }
  }

  /// Fetches them beside, and puts them in place once all have come.
  private func fetch(_ stale: [String: RemoteListing.Object]) async throws {
    guard !stale.isEmpty else { return }
    let incoming = home.path + "/incoming"
    try? FileManager.default.removeItem(atPath: incoming)
    defer { try? FileManager.default.removeItem(atPath: incoming) }
    // One that is larger than any manifest may be is cut off where it cannot be one any more: reading it then refuses it, as in a folder.
    let limit = Catalog.manifestLimit
    let (large, fitting) = (stale.filter { $0.value.sizeBytes > limit }, stale.filter { $0.value.sizeBytes <= limit })
    do {
      for path in stale.keys {
        try FileManager.default.createDirectory(
          atPath: ("\(incoming)/\(path)" as NSString).deletingLastPathComponent, withIntermediateDirectories: true,
          attributes: [.posixPermissions: 0o700])
      }
      try Data(fitting.keys.sorted().joined(separator: "\n").utf8).write(
        to: URL(fileURLWithPath: home.path + "/wanted"))
    } catch {
      throw DrillError(
        .io, stage: .catalog, subject: "cache", detail: "manifests cannot be written into the cache", underlying: error)
    }
    if !fitting.isEmpty {
      let outcome = try await rclone.run(
        [
          "copy", "--files-from-raw", home.path + "/wanted", "--no-traverse", "--no-check-dest", "--transfers", "8",
          remote.path(""), incoming,
        ], subject: remote.text)
      switch outcome {
      case .done: break
      case .notFound(let error): throw Vanished(error: error)
      case .failed(let error): throw error
      }
    }
    for path in large.keys {
      let descriptor = open("\(incoming)/\(path)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
      defer { close(descriptor) }
      let outcome = try await rclone.run(
        ["cat", "--count", "\(limit + 1)", remote.path(path)], subject: path, output: descriptor)
      switch outcome {
      case .done: break
      case .notFound(let error): throw Vanished(error: error)
      case .failed(let error): throw error
      }
    }
    for (path, object) in stale {
      var status = stat()
      guard lstat("\(incoming)/\(path)", &status) == 0,
        UInt64(status.st_size) == min(object.sizeBytes, UInt64(limit) + 1)
      else {
        throw Vanished(
          error: DrillError(
            .fetchFailed, stage: .catalog, subject: path,
            detail: "it was listed, and does not come as it was listed: see what changes the catalog at this time"))
      }
    }
    for path in stale.keys {
      let target = "\(home.catalog)/\(path)"
      try? FileManager.default.createDirectory(
        atPath: (target as NSString).deletingLastPathComponent, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
      guard rename("\(incoming)/\(path)", target) == 0 else {
        throw DrillError(
          .io, stage: .catalog, subject: path, detail: "it cannot be put in place in the cache: \(systemErrorText())")
      }
    }
  }

  /// Gives folders and manifests the times that they have there: where a manifest cannot be used, they say how old its backup may be.
  private func settle(_ listing: RemoteListing, _ small: [String: RemoteListing.Object]) throws {
    var newest: [String: String] = [:]
    for (path, object) in listing.objects {
      let top = String(path.prefix { $0 != "/" })
      guard let mine = RemoteTime.parse(object.modified) else { continue }
      if let known = newest[top].flatMap(RemoteTime.parse), known >= mine { continue }
      newest[top] = object.modified
    }
    for folder in listing.topFolders where !folder.hasPrefix(".") {
      try? FileManager.default.createDirectory(
        atPath: home.stored(folder), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      RemoteTime.give(
        small["\(folder)/\(Catalog.manifestName)"]?.modified, to: "\(home.stored(folder))/\(Catalog.manifestName)")
      RemoteTime.give(newest[folder], to: home.stored(folder))
    }
  }
}

enum RemoteTime {
  /// Reads RFC 3339 with any number of fractional digits, to the millisecond.
  static func parse(_ text: String) -> Instant? {
    guard let parts = text.wholeMatch(of: /([^.]+?)(\.\d+)?(Z|[+-]\d\d:\d\d)/)?.output,
      let whole = Instant(parsing: "\(parts.1)\(parts.3)")
    else { return nil }
    let fraction = parts.2.flatMap { Double("0\($0)") } ?? 0
    return Instant(millisecondsSince1970: whole.millisecondsSince1970 + Int64(fraction * 1000))
  }

  /// Gives a file of the mirror the time that the remote has for it; leaves it where there is none.
  static func give(_ text: String?, to path: String) {
    guard let instant = text.flatMap(parse) else { return }
    let (seconds, rest) = instant.millisecondsSince1970.quotientAndRemainder(dividingBy: 1000)
    let time = timespec(tv_sec: Int(seconds), tv_nsec: Int(rest) * 1_000_000)
    utimensat(AT_FDCWD, path, [time, time], AT_SYMLINK_NOFOLLOW)
  }
}
