import DrillModel

extension ArtifactGroup {
  /// Where its files lie, as one file to be read; nil where what stands for all is not there.
  ///
  /// - Parameter place: the absolute path of an artifact by its name; nil where it is not there.
  func file(_ place: (String) throws -> String?) rethrows -> ArtifactFile? {
    guard let path = try place(name) else { return nil }
    return ArtifactFile(
      shard: shard ?? name, format: format, path: path, parts: try parts.compactMap { try place($0.name) })
  }

  /// The same with the name that the backup has for it.
  func named(_ place: (String) throws -> String?) rethrows -> NamedFile? {
    try file(place).map { NamedFile(name: name, file: $0) }
  }
}

extension Catalog {
  /// Everything that lies in a backup's folder, by its path there.
  func entries(of backup: String) throws -> [StoredEntry] {
    try source.entries(below: backup).map {
      StoredEntry(path: String($0.path.dropFirst(backup.count + 1)), kind: $0.kind, sizeBytes: $0.sizeBytes)
    }
  }

  /// The absolute path of one of its artifacts.
  func place(of name: String, in backup: String) throws -> String { try source.localPath(of: "\(backup)/\(name)") }
}
