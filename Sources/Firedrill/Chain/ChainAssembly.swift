import DrillChecks
import DrillModel
import Foundation

/// A link's data artifacts as files of this machine.
struct StoredLink: Sendable {
  var link: ChainCheck.Link
  var data: [NamedFile]

  var manifest: Manifest { link.manifest }
}

/// The files of a chain made into one artifact for each shard.
struct AssembledChain: Sendable {
  var shards: [AssembledShard] = []
  var findings: [Finding] = []

  /// - Parameters:
  ///   - links: oldest first; the full backup stands first.
  ///   - folder: made, and left to the caller to remove.
  /// - Throws: `DrillError`: `artifact-io`, `io`, `usage` where the engine restores no chains.
  static func make(
    _ links: [StoredLink], upTo point: RestorePoint, by engine: any Engine, in folder: String
  ) async throws -> AssembledChain {
    guard let engine = engine as? any ChainRestoring else {
      throw DrillError(.usage, subject: engine.name, detail: "this engine restores no chains of increments")
    }
    var assembled = AssembledChain()
    for (number, base) in links[0].data.enumerated() {
      try Task.checkCancellation()
      let shard = base.file.shard
      let increments = links.dropFirst().map { link in
        ShardChain.Increment(
          backup: link.manifest.backup, files: link.data.filter { $0.file.shard == shard }.map(\.file),
          position: link.manifest.cut.positions[shard] ?? "", time: link.manifest.cut.time)
      }
      let chain = ShardChain(shard: shard, base: base.file, increments: increments)
      let place = "\(folder)/\(number)"
      do {
        try FileManager.default.createDirectory(
          atPath: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      } catch {
        throw DrillError(.io, subject: shard, detail: "no folder for its chain can be made", underlying: error)
      }
      let part = try await onThread { try engine.assemble(chain, upTo: point, in: place) }
      for (backup, problem) in part.problems {
        let name = links.first { $0.manifest.backup == backup }?.data.first { $0.file.shard == shard }?.name
        assembled.findings += ChainCheck.findings(
          [problem], Finding.Subject(backup: backup, shard: shard, artifact: name))
      }
      assembled.shards.append(part)
    }
    return assembled
  }
}

extension AssembledShard {
  /// What a manifest would say of it; its bytes were sealed by nobody.
  func artifacts() throws -> [Artifact] {
    try ([file.path] + file.parts).enumerated().map { index, path in
      var status = stat()
      guard lstat(path, &status) == 0 else {
        throw DrillError(.io, subject: file.shard, detail: "what was made of its chain went away: \(systemErrorText())")
      }
      return Artifact(
        // Links of a chain may name their files alike.
        name: index == 0 ? name(of: path) : "\(file.shard)/\(index).\((path as NSString).lastPathComponent)",
        role: .data, shard: file.shard,
        format: index == 0 ? file.format : file.format.replacing("-manifest", with: "-part"),
        sizeBytes: UInt64(max(0, status.st_size)), digest: Digest(words: (0, 0, 0, 0)))
    }
  }

  func name(of path: String) -> String { "\(file.shard)/\((path as NSString).lastPathComponent)" }
}
