import DrillCrypto
public import DrillModel

/// The digest of a drill file with all that it names: runs with the same digest ran under the same policy.
public enum PolicyDigest {
  /// - Parameter files: texts by name, as a run records them. Where the drill file lay is no part of the policy.
  public static func of(_ files: [String: String]) throws -> Digest {
    SHA256.digest(try CanonicalJSON.encode(files.filter { $0.key != originKey }))
  }

  /// Under this name a run's files keep where its drill file lay, since relative paths in it mean that folder; no file can have it.
  public static let originKey = "."
}
