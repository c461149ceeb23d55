import DrillCrypto
import DrillModel

/// Hashes files that have to be there: what is to be signed.
enum ForeignDigests {
  /// - Parameter paths: absolute paths by the name under which the result is wanted.
  /// - Throws: `DrillError` with `artifact-io` where one of them cannot be hashed.
  static func hash(_ paths: [String: String]) async throws -> [String: (sizeBytes: UInt64, digest: Digest)] {
    let measured = await onThread { ArtifactHasher().hash(paths) }
    return try measured.reduce(into: [:]) { result, entry in
      switch entry.value {
      case .read(let sizeBytes, let digest): result[entry.key] = (sizeBytes, digest)
      case .failed(let error): throw error
      case .missing, .notRegular:
        throw DrillError(.artifactUnreadable, subject: entry.key, detail: "it is no plain file any more")
      }
    }
  }
}
