internal import DrillModel
internal import Foundation

/// A full backup and parts of change streams, in the order in which a server loads them: the text of an artifact of the
/// format `aof-chain-manifest`, which refers to the files where they lie.
struct AOFChain: Codable {
  struct Part: Codable {
    /// Absolute.
    var path: String
    var startBytes: UInt64
    var endBytes: UInt64
    /// The one that is selected where the part begins.
    var database: Int
    /// Whether it may begin with a snapshot.
    var isBase: Bool
  }

  var parts: [Part] = []

  init() {}

  /// - Throws: `DrillError` with `artifact-io`.
  init(path: String) throws {
    do {
      self = try JSONDecoder().decode(AOFChain.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw DrillError(.artifactUnreadable, subject: "chain", detail: "its text cannot be read", underlying: error)
    }
  }

  /// Writes the text and returns the artifact that it stands for.
  ///
  /// - Throws: `DrillError` with `io`.
  func write(to path: String, shard: String) throws -> ArtifactFile {
    do {
      try JSONEncoder().encode(self).write(to: URL(fileURLWithPath: path))
    } catch {
      throw DrillError(.io, subject: shard, detail: "the chain cannot be put together here", underlying: error)
    }
    return ArtifactFile(shard: shard, format: AOFFormat.chain, path: path, parts: parts.map(\.path))
  }

  var files: [AOFLayout.File] {
    parts.enumerated().map { index, part in
      AOFLayout.File(
        name: "\(index + 1).\((part.path as NSString).lastPathComponent)", path: part.path, start: part.startBytes,
        sizeBytes: part.endBytes, database: part.database, mayHavePreamble: part.isBase)
    }
  }
}
