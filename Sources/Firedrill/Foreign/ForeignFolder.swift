import DrillModel
import Foundation

/// What lies at a path that another tool wrote to, by content; nothing of it has been read but heads.
struct ForeignFolder: Sendable {
  struct Found: Sendable {
    /// The path of its first file, below ``ForeignFolder/root``.
    var name: String
    var artifact: ForeignArtifact
  }

  /// The folder that names are relative to.
  var root: String
  var found: [Found] = []
  /// Plain files that are no artifact of the engine.
  var others: [StoredEntry] = []
  /// Links, devices, pipes: not followed.
  var irregular: [StoredEntry] = []
  /// Whether the path itself is an artifact's file: then nothing beside it was looked at.
  var isFile = false

  /// - Parameter path: absolute, a file or a folder.
  /// - Throws: `DrillError`: `no-such-backup`, `artifact-io`; `usage` where the path itself is a link or a device.
  init(path: String, engine: any ForeignArtifacts) throws {
    let subject = (path as NSString).lastPathComponent
    var status = stat()
    guard lstat(path, &status) == 0 else {
      throw DrillError(.noSuchBackup, subject: subject, detail: "there is no such file or folder: \(systemErrorText())")
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG:
      root = (path as NSString).deletingLastPathComponent
      isFile = true
      guard let artifact = try engine.foreignArtifact(at: path) else {
        throw DrillError(
          .usage, subject: subject, detail: "this is no artifact of \(engine.name), by its content and by its name")
      }
      found = [Found(name: relative(artifact.path), artifact: artifact)]
    case S_IFDIR:
      root = path
      if let artifact = try engine.foreignArtifact(at: path) {
        found = [Found(name: relative(artifact.path), artifact: artifact)]
      } else {
        try search(engine)
      }
    default:
      throw DrillError(
        .usage, subject: subject,
        detail: "this is a link, a device or a pipe; name the file itself, links are not followed")
    }
  }

  private func relative(_ path: String) -> String {
    path.hasPrefix(root + "/") ? String(path.dropFirst(root.count + 1)) : path
  }

  private mutating func search(_ engine: any ForeignArtifacts) throws {
    var taken = Set<String>()
    // What this program keeps in a catalog, where the catalog itself is the backup.
    let own = [".firedrill", ".changes", StagingFolder.prefix]
    for entry in try FolderSource(root: root).entries(below: "")
    where !own.contains(where: { entry.path.hasPrefix($0) }) {
      let isTaken = taken.contains { entry.path == $0 || entry.path.hasPrefix($0 + "/") }
      switch entry.kind {
      case .link, .other: irregular.append(entry)
      case .file, .folder:
        guard !isTaken else { continue }
        if let artifact = try engine.foreignArtifact(at: "\(root)/\(entry.path)") {
          guard !found.contains(where: { $0.artifact.path == artifact.path }) else { continue }
          found.append(Found(name: relative(artifact.path), artifact: artifact))
          taken.insert(entry.path)
          taken.formUnion(artifact.files.map { relative($0.path) })
        } else if entry.kind == .file {
          others.append(entry)
        }
      }
    }
    others.removeAll { taken.contains($0.path) }
    // A file that looked like an artifact before the one that names it was seen.
    let parts = Set(found.flatMap { $0.artifact.files.dropFirst().map(\.path) })
    found.removeAll { parts.contains($0.artifact.path) }
  }

  /// - Throws: `DrillError` with `usage` where two artifacts are one server's account of the same data.
  static func refuseRivals(among artifacts: [ForeignArtifact], of engine: any ForeignArtifacts) throws {
    if let why = rivalry(among: artifacts, of: engine) {
      throw DrillError(.usage, subject: why.subject, detail: why.detail)
    }
  }

  /// Why the artifacts are no backup together, with what to do; nil where nothing is known against it.
  static func rivalry(
    among artifacts: [ForeignArtifact], of engine: any ForeignArtifacts
  ) -> (subject: String, detail: String)? {
    guard let (one, other) = engine.rivals(among: artifacts) else { return nil }
    let names = [one, other].map { ($0.path as NSString).lastPathComponent }
    return (
      names[0],
      "\(names[0]) and the log \(names[1]) beside it are two accounts of one server's data, and they may stand for different moments; name one of the two: the file of the snapshot, or the file or folder of the log"
    )
  }

  /// All files of the artifacts, by their path below ``root``.
  var files: [(name: String, path: String, format: String, main: String)] {
    found.flatMap { found in
      found.artifact.files.map { (relative($0.path), $0.path, $0.format, found.name) }
    }
  }

  /// When the youngest of its artifacts' files was last changed; nil where there is none.
  var fileTime: Instant? {
    files.compactMap { file in
      ((try? FileManager.default.attributesOfItem(atPath: file.path))?[.modificationDate] as? Date).map { Instant($0) }
    }.max()
  }
}
