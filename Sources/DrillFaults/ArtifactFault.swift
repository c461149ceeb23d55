/// Damage that a stored file can suffer.
public enum ArtifactFault: String, Hashable, Sendable, Codable, CaseIterable {
  /// One byte, anywhere, becomes another.
  case flipByte = "flip-byte"
  /// The end is missing: at least one byte, at most all.
  case truncate
  /// Up to 64 bytes follow the end.
  case append
  /// A block of up to 4096 bytes is zero.
  case zeroBlock = "zero-block"
  /// A slice of up to 4096 bytes stands twice in a row.
  case duplicateSlice = "duplicate-slice"
  /// Two files have each other's contents.
  case swap
  /// The file is gone.
  case remove
}
