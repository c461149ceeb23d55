import DrillModel
import Foundation

/// Where the texts of drill, cluster and workload files come from: the disk, or a ledger that kept them. Remembers what it was asked for.
final class FileTexts {
  private let kept: [String: String]?
  let folder: String
  private(set) var read: [String: String] = [:]

  /// - Parameter kept: texts by path relative to `folder`; nil: read from the disk.
  init(folder: String, kept: [String: String]? = nil) {
    self.folder = folder
    self.kept = kept
  }

  /// - Parameter path: relative to the drill file's folder, or absolute.
  func text(_ path: String) throws -> String {
    if let known = read[path] { return known }
    let text: String
    if let kept {
      guard let found = kept[path] else {
        throw DrillError(.badFile, subject: path, detail: "the ledger did not keep this file")
      }
      text = found
    } else {
      do {
        text = try String(contentsOfFile: absolute(path), encoding: .utf8)
      } catch {
        throw DrillError(.badFile, subject: path, detail: unreadable(absolute(path)), underlying: error)
      }
    }
    read[path] = text
    return text
  }

  private func unreadable(_ path: String) -> String {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return "there is no such file" }
    if isFolder.boolValue { return "this is a folder; name the file in it" }
    return FileManager.default.isReadableFile(atPath: path)
      ? "cannot be read as UTF-8 text" : "may not be read; see the file's mode"
  }

  /// Absolute form of a path that stands in a file of `folder`.
  func absolute(_ path: String) -> String {
    let expanded = (path as NSString).expandingTildeInPath
    return URL(fileURLWithPath: expanded, relativeTo: URL(fileURLWithPath: folder, isDirectory: true))
      .standardizedFileURL.path
  }

  /// `path`, which stands in the file `other`, relative to `folder`.
  func sibling(of other: String, _ path: String) -> String {
    if path.hasPrefix("/") || path.hasPrefix("~") { return path }
    let base = (other as NSString).deletingLastPathComponent
    return base.isEmpty ? path : (base as NSString).appendingPathComponent(path)
  }
}
