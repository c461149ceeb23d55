import DrillEvidence
import Foundation

/// Where a recorded drill file stood, and under which name: kept beside its texts, since relative paths in it mean that folder.
struct DrillOrigin {
  static let key = PolicyDigest.originKey

  var folder: String
  var name: String

  init(folder: String, name: String) {
    self.folder = folder
    self.name = name
  }

  init?(_ files: [String: String]) {
    guard let path = files[DrillOrigin.key] else { return nil }
    folder = (path as NSString).deletingLastPathComponent
    name = (path as NSString).lastPathComponent
  }

  var path: String { folder + "/" + name }
}
