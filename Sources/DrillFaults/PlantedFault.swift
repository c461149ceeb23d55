public import DrillModel

/// Damage that was planted, with the proof that the bytes changed.
public struct PlantedFault: Hashable, Sendable, Codable {
  public var fault: ArtifactFault
  public var seed: UInt64
  /// Where the damage begins; nil where it is the whole file.
  public var offset: UInt64?
  /// Bytes damaged, missing or added; nil where it is the whole file.
  public var count: UInt64?
  /// SHA-256 of the file before and after; nil after it was removed. Never equal.
  public var before: Digest
  public var after: Digest?
}
