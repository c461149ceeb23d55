/// What to write so that a drill runs by itself.
public struct RenderRequest: Sendable {
  public enum Format: String, Sendable, CaseIterable { case systemd, cron }

  /// Path of the drill file.
  public var drill: String
  public var calendar: String
  public var format: Format
  /// Path of `firedrill`.
  public var executable: String
  /// The ledger, where the drill names none.
  public var ledger: String?
  /// Whom it runs as; nil: as systemd or cron does where nobody is named.
  public var user: String?

  public init(
    drill: String, calendar: String, format: Format, executable: String, ledger: String? = nil, user: String? = nil
  ) {
    self.drill = drill
    self.calendar = calendar
    self.format = format
    self.executable = executable
    self.ledger = ledger
    self.user = user
  }
}

/// A file to be put where it belongs.
public struct RenderedFile: Hashable, Sendable, Codable {
  public var name: String
  public var text: String
}
