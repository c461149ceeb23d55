public import DrillModel
import Foundation

/// A folder of this machine as a source of artifacts. Never follows a symbolic link.
public struct FolderSource: ArtifactSource {
  public let root: String

  public init(root: String) { self.root = root }

  public func entries(below folder: String) throws -> [StoredEntry] {
    var found: [StoredEntry] = []
    try list(folder, into: &found)
    return found.sorted { $0.path < $1.path }
  }

  private func list(_ folder: String, into found: inout [StoredEntry]) throws {
    let path = folder.isEmpty ? root : root + "/" + folder
    guard let handle = opendir(path) else {
      throw DrillError(
        .artifactUnreadable, subject: folder, detail: "the folder cannot be listed: \(systemErrorText())")
    }
    defer { closedir(handle) }
    var subfolders: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name != ".", name != ".." else { continue }
      let relative = folder.isEmpty ? name : folder + "/" + name
      var status = stat()
      guard lstat(root + "/" + relative, &status) == 0 else { continue }
      let kind: StoredEntry.Kind =
        switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        case S_IFLNK: .link
        default: .other
        }
      found.append(StoredEntry(path: relative, kind: kind, sizeBytes: UInt64(max(0, status.st_size))))
      if kind == .folder { subfolders.append(relative) }
    }
    for subfolder in subfolders { try list(subfolder, into: &found) }
  }

  public func contents(of path: String, limit: Int) throws -> [UInt8] {
    let descriptor = open(try localPath(of: path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw DrillError(.artifactUnreadable, subject: path, detail: "the file cannot be read: \(systemErrorText())")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw DrillError(.artifactUnreadable, subject: path, detail: "this is not a plain file")
    }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = block.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      guard count >= 0 else {
        throw DrillError(.artifactUnreadable, subject: path, detail: "the file cannot be read: \(systemErrorText())")
      }
      if count == 0 { return bytes }
      bytes.append(contentsOf: block[0..<count])
      guard bytes.count <= limit else {
        throw DrillError(
          .artifactUnreadable, subject: path, detail: "the file is larger than the \(limit) bytes that it may have")
      }
    }
  }

  public func localPath(of path: String) throws -> String {
    guard !path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
      throw DrillError(.artifactUnreadable, subject: path, detail: "the path leads out of the catalog")
    }
    return root + "/" + path
  }
}

/// The operating system's words for the last failed call.
func systemErrorText() -> String { String(cString: strerror(errno)) }
