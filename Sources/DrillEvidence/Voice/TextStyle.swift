/// How a text is laid out: for a terminal with colours, or plain for files and pipes.
public struct TextStyle: Hashable, Sendable {
  /// Width in characters; lines are wrapped to it.
  public var columns: Int
  /// Whether ANSI colours are used. Nothing is said by colour alone.
  public var isColoured: Bool

  public init(columns: Int = 100, isColoured: Bool = false) {
    self.columns = max(columns, 60)
    self.isColoured = isColoured
  }
}
