/// An engine that seals what another tool's artifact grew by since a backup of it.
public protocol ForeignIncrements: ForeignArtifacts, ChainRestoring {
  /// The position at which an artifact ends, as ``ChainRestoring/order(_:_:)`` takes it; nil where it is of a kind that
  /// does not grow.
  ///
  /// - Throws: `DrillError` with `artifact-io` where it cannot be read.
  func endPosition(of file: ArtifactFile) throws -> String?

  /// Writes what an artifact holds past a position to `path`, as an increment.
  ///
  /// MUST make sure that up to the position it holds what the predecessor does, byte for byte.
  ///
  /// - Parameters:
  ///   - predecessor: the shard of the backup that it is made on, restored into one file.
  ///   - path: is not there yet.
  /// - Throws: `DrillError`: `capture-refused` where it is not the predecessor's, grown: then a full backup has to be
  ///   sealed; `artifact-io`, `io`.
  func growth(
    of file: ArtifactFile, on predecessor: ArtifactFile, after position: String, to path: String
  ) throws -> ForeignGrowth
}

/// What an artifact grew by.
public struct ForeignGrowth: Sendable {
  public var file: ArtifactFile
  /// Where it ends now.
  public var position: String
  /// Bytes behind that are no whole change.
  public var tornBytes: UInt64

  public init(file: ArtifactFile, position: String, tornBytes: UInt64) {
    self.file = file
    self.position = position
    self.tornBytes = tornBytes
  }
}
