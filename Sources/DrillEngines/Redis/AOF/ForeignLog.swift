internal import DrillModel
internal import Foundation

/// An append-only log among files that another tool copied: which of them belong to it, and what it tells.
struct ForeignLog {
  private static let manifestLimit = 1 << 20

  /// The log that a plain file stands for or belongs to; nil where it is none.
  ///
  /// - Parameter snapshot: what the file's beginning says of itself, where it is a snapshot.
  static func artifact(at path: String, snapshot: RDBHead?) throws -> ForeignArtifact? {
    let (folder, name) = split(path)
    if name.hasSuffix(".manifest") {
      let bytes = try AOFHead.read(path, from: 0, limit: manifestLimit + 1)
      let isManifest = bytes.count <= manifestLimit && (try? AOFManifest(parsing: bytes)) != nil
      // Another program's manifest is no log, however it is named.
      guard isManifest || name.hasSuffix(".aof.manifest") else { return nil }
      return try ofSeveral(folder, manifest: name)
    }
    if let log = logName(ofPart: name) {
      if isPlain("\(folder)/\(log).manifest") { return try ofSeveral(folder, manifest: "\(log).manifest") }
      let parts = try names(in: folder).filter { logName(ofPart: $0) == log && isPlain("\(folder)/\($0)") }
      return ForeignArtifact(files: parts.map { .init(path: "\(folder)/\($0)", format: AOFFormat.part) })
    }
    let isNamed = name.hasSuffix(".aof")
    let isLog = try snapshot.map { $0.beginsLog || isNamed } ?? AOFHead.beginsWithCommand(path)
    guard isLog || isNamed else { return nil }
    var artifact = ForeignArtifact(files: [.init(path: path, format: AOFFormat.file)], isByName: !isLog)
    artifact.writer = snapshot?.writer
    artifact.cut = try cut(path)
    return artifact
  }

  /// A log of several files: what its manifest names, and what bears the log's name without being named there.
  ///
  /// What the manifest does not name and is not named as its files are (`temp-rewriteaof-….aof`) is no part of it.
  private static func ofSeveral(_ folder: String, manifest name: String) throws -> ForeignArtifact {
    let path = "\(folder)/\(name)"
    let log = String(name.dropLast(".manifest".count))
    let manifest = try? AOFManifest(parsing: try AOFHead.read(path, from: 0, limit: manifestLimit + 1))
    let named = manifest?.entries.map(\.name) ?? []
    let others = try names(in: folder).filter { logName(ofPart: $0) == log && !named.contains($0) }
    let parts = (named + others).filter { $0 != name && isPlain("\(folder)/\($0)") }
    var artifact = ForeignArtifact(
      files: [.init(path: path, format: AOFFormat.manifest)]
        + parts.map { .init(path: "\(folder)/\($0)", format: AOFFormat.part) }, isByName: manifest == nil)
    let loaded = (manifest?.loaded.map(\.name) ?? []).filter(parts.contains).map { "\(folder)/\($0)" }
    if let first = loaded.first, RDBVersion(ofFile: first) != nil { artifact.writer = try RDBHead(path: first).writer }
    // A file to which nothing was written yet says nothing of when the one before it ended.
    artifact.cut = try loaded.last { size($0) > 0 }.flatMap(cut)
    return artifact
  }

  /// A log's base says when it was begun, and nothing of the commands after it.
  private static func cut(_ path: String) throws -> ForeignArtifact.Told<Instant>? {
    try AOFHead.lastTime(path, sizeBytes: size(path)).map {
      .init(Instant(millisecondsSince1970: $0 * 1000), by: "the log's last time stamp, #TS, to the second")
    }
  }

  /// `<log>.<number>.base.rdb`, `….base.aof` and `<log>.<number>.incr.aof` are files of a log of several.
  ///
  /// Source: redis 7.0 src/aof.c, `getNewBaseFileNameAndMarkPreAsHistory` and `getNewIncrAofName`.
  static func logName(ofPart name: String) -> String? { part(name)?.log }

  /// The log and the number that a file's name says.
  static func part(_ name: String) -> (log: String, number: UInt64)? {
    for ending in [".base.rdb", ".base.aof", ".incr.aof"] where name.hasSuffix(ending) {
      let stem = name.dropLast(ending.count)
      guard let dot = stem.lastIndex(of: "."), dot != stem.startIndex else { return nil }
      let digits = stem[stem.index(after: dot)...]
      guard digits.allSatisfy({ ("0"..."9").contains($0) }), let number = UInt64(digits) else { return nil }
      return (String(stem[..<dot]), number)
    }
    return nil
  }

  /// A snapshot and a log that one server leaves: side by side, the log's files perhaps in a folder of their own.
  static func rivals(among artifacts: [ForeignArtifact]) -> (ForeignArtifact, ForeignArtifact)? {
    for snapshot in artifacts where snapshot.files[0].format == "rdb" {
      let (folder, name) = split(snapshot.path)
      for log in artifacts where log.files[0].format != "rdb" {
        let (logFolder, logName) = split(log.path)
        if log.files[0].format == AOFFormat.file {
          let isNamedAlike = (name as NSString).deletingPathExtension == (logName as NSString).deletingPathExtension
          let isByDefault = name == "dump.rdb" && logName == "appendonly.aof"
          guard logFolder == folder, isNamedAlike || isByDefault else { continue }
        } else {
          guard logFolder == folder || split(logFolder).folder == folder else { continue }
        }
        return (snapshot, log)
      }
    }
    return nil
  }

  private static func split(_ path: String) -> (folder: String, name: String) {
    ((path as NSString).deletingLastPathComponent, (path as NSString).lastPathComponent)
  }

  private static func names(in folder: String) throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    } catch {
      throw DrillError(
        .artifactUnreadable, subject: split(folder).name, detail: "the folder cannot be listed; see its mode",
        underlying: error)
    }
  }

  private static func isPlain(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  private static func size(_ path: String) -> UInt64 {
    var status = stat()
    return lstat(path, &status) == 0 ? UInt64(max(0, status.st_size)) : 0
  }
}
