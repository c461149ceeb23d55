import DrillModel

/// How artifacts are to be stored, as a person states it.
public struct EncodingSection: Hashable, Sendable {
  /// Filters, innermost first.
  public var filters: [String]
  /// age recipients, and absolute paths of public keys.
  public var recipients: [String]
  /// Filters of the person's own, by name.
  public var commands: [String: FilterCommand]

  public init(filters: [String], recipients: [String] = [], commands: [String: FilterCommand] = [:]) {
    self.filters = filters
    self.recipients = recipients
    self.commands = commands
  }

  /// What flags say; nil where they say nothing.
  ///
  /// - Throws: `DrillError` with `usage`.
  public init?(flags filters: [String], recipients: [String]) throws {
    guard !filters.isEmpty else {
      guard recipients.isEmpty else {
        throw DrillError(.usage, subject: "--recipient", detail: "say which filter encrypts, such as --encode age")
      }
      return nil
    }
    for filter in filters where FilterTools.Builtin(rawValue: filter) == nil {
      throw DrillError(
        .usage, subject: filter,
        detail:
          "a filter is one of \(FilterTools.Builtin.allCases.map(\.rawValue).joined(separator: ", ")); the cluster file can name others"
      )
    }
    self.init(
      filters: filters, recipients: recipients.map { $0.hasPrefix("age1") ? $0 : Workplace.absolute($0) })
  }
}
