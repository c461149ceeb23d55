/// A plain file in an archive.
public struct TarEntry: Hashable, Sendable {
  /// Relative, of the characters that ``TarArchive`` allows.
  public var name: String
  public var bytes: [UInt8]

  public init(_ name: String, _ bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }
}
