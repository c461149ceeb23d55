/// Whether a stored artifact can be changed or deleted, as its place says.
public enum Immutability: Hashable, Sendable {
  /// Not as it stands; says by what.
  case fixed(String)
  /// Yes; says why.
  case changeable(String)
  /// The place cannot say; says why not.
  case unknown(String)
}
