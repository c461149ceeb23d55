import DrillCrypto
import DrillModel
import Foundation
import Glibc

/// What lies below a folder: kind, mode and, of plain files, a digest of the contents.
struct TreeDigest: Hashable {
  private var entries: [String: String] = [:]

  init(of path: String) {
    note(path, as: "")
    for name in (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? [] { note("\(path)/\(name)", as: name) }
  }

  /// How many entries are not what they were.
  func changed(since other: TreeDigest) -> Int {
    Set(entries.keys).union(other.entries.keys).count { entries[$0] != other.entries[$0] }
  }

  private mutating func note(_ path: String, as name: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    var text = "\(status.st_mode)"
    switch status.st_mode & S_IFMT {
    case S_IFREG:
      text += " \((try? Data(contentsOf: URL(fileURLWithPath: path))).map { SHA256.digest(Array($0)).hex } ?? "?")"
    case S_IFLNK: text += " \((try? FileManager.default.destinationOfSymbolicLink(atPath: path)) ?? "?")"
    case S_IFDIR: break
    default: text += " \(status.st_rdev)"
    }
    entries[name] = text
  }
}
