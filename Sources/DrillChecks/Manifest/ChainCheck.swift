public import DrillModel

/// Judges whether a backup's chain reaches back to a full one without a gap.
public enum ChainCheck {
  public struct Link: Sendable {
    public var manifest: Manifest
    /// SHA-256 of its signed statement.
    public var digest: Digest
    public init(manifest: Manifest, digest: Digest) {
      self.manifest = manifest
      self.digest = digest
    }
  }

  /// - Parameter known: a backup of the catalog whose manifest may be used; nil where there is none.
  /// - Returns: one `chain-gap` where the chain breaks first; nothing for a full backup and for a whole chain.
  public static func check(_ manifest: Manifest, known: (String) -> Link?) -> [Finding] {
    var current = manifest
    var seen: Set<String> = [manifest.backup]
    while current.kind == .incremental {
      guard let predecessor = current.predecessor else {
        return [gap(current, "a predecessor", "the incremental backup names none")]
      }
      guard seen.insert(predecessor.backup).inserted else {
        return [gap(current, "a chain that ends in a full backup", "the chain leads back to itself")]
      }
      guard let link = known(predecessor.backup) else {
        return [gap(current, "predecessor \(predecessor.backup)", "the catalog holds no usable backup of that name")]
      }
      guard link.digest == predecessor.manifest, link.manifest.cluster == current.cluster else {
        return [gap(current, "the predecessor that it was made on", "backup \(predecessor.backup) is another one now")]
      }
      current = link.manifest
    }
    return []
  }

  private static func gap(_ manifest: Manifest, _ expected: String, _ observed: String) -> Finding {
    Finding(
      .chainGap, stage: .manifest, subject: Finding.Subject(backup: manifest.backup), expected: expected,
      observed: observed)
  }
}
