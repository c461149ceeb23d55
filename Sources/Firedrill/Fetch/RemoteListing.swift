import DrillModel
import Foundation

/// What a remote says that it holds.
///
/// Source: rclone.org/commands/rclone_lsjson.
struct RemoteListing: Sendable {
  /// What tells one state of an object from another without reading it.
  struct Object: Hashable, Sendable, Codable {
    var sizeBytes: UInt64
    /// As the remote gives it; empty where it gives none.
    var modified: String
  }

  /// By path.
  private(set) var objects: [String: Object] = [:]
  private(set) var folders: Set<String> = []

  private struct Line: Decodable {
    var path: String
    var size: Int64
    var modified: String?
    var isFolder: Bool

    private enum CodingKeys: String, CodingKey {
      case path = "Path"
      case size = "Size"
      case modified = "ModTime"
      case isFolder = "IsDir"
    }
  }

  /// - Throws: `DrillError` with `fetch-failed`: not such a listing; an object whose name leads elsewhere, that has no size, or that is there twice.
  init(parsing data: Data, of remote: String) throws {
    func refuse(_ detail: String) -> DrillError {
      DrillError(.fetchFailed, stage: .catalog, subject: remote, detail: detail)
    }
    let lines: [Line]
    do {
      lines = try JSONDecoder().decode([Line].self, from: data)
    } catch {
      throw refuse("what rclone lists cannot be read")
    }
    for line in lines {
      let parts = line.path.split(separator: "/", omittingEmptySubsequences: false)
      // Names come from elsewhere, and become paths of this machine.
      guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." || $0.utf8.count > 255 }),
        !line.path.utf8.contains(where: { $0 < 0x20 })
      else {
        throw refuse("an object's name cannot be a path of this machine: \(line.path.debugDescription.prefix(120))")
      }
      for end in parts.indices.dropFirst() { folders.insert(parts[..<end].joined(separator: "/")) }
      if line.isFolder {
        folders.insert(line.path)
        continue
      }
      guard let size = UInt64(exactly: line.size) else {
        throw refuse("the remote does not say how large \(line.path) is, so nobody could tell when all of it has come")
      }
      guard objects.updateValue(Object(sizeBytes: size, modified: line.modified ?? ""), forKey: line.path) == nil else {
        throw refuse("\(line.path) is there twice; nobody could tell which one is meant")
      }
    }
  }

  /// Names directly below the root.
  var topFolders: [String] { folders.filter { !$0.contains("/") }.sorted() }

  /// Objects below a folder, by path relative to it.
  func objects(below folder: String) -> [String: Object] {
    let prefix = folder + "/"
    return Dictionary(
      uniqueKeysWithValues: objects.compactMap { path, object in
        path.hasPrefix(prefix) ? (String(path.dropFirst(prefix.count)), object) : nil
      })
  }
}

/// A remote catalog as a source: what there is says the remote, the bytes are those of its mirror.
struct MirrorSource: ArtifactSource {
  var listing: RemoteListing
  var mirror: FolderSource

  func entries(below folder: String) throws -> [StoredEntry] {
    let prefix = folder.isEmpty ? "" : folder + "/"
    let files = listing.objects.filter { $0.key.hasPrefix(prefix) }.map {
      StoredEntry(path: $0.key, kind: .file, sizeBytes: $0.value.sizeBytes)
    }
    let folders = listing.folders.filter { $0.hasPrefix(prefix) }.map {
      StoredEntry(path: $0, kind: .folder, sizeBytes: 0)
    }
    return (files + folders).sorted { $0.path < $1.path }
  }

  func contents(of path: String, limit: Int) throws -> [UInt8] { try mirror.contents(of: path, limit: limit) }
  func localPath(of path: String) throws -> String { try mirror.localPath(of: path) }
}
