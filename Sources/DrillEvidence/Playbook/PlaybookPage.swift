public import DrillModel

/// A page of the playbook, for whoever is woken by a code: what it means, how to find out whether it is real, what to do.
public struct PlaybookPage: Hashable, Sendable, Codable {
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// Something that was examined is wrong.
    case finding
    /// Something could not be looked at, which says nothing about the data.
    case obstacle
  }

  public var code: String
  public var kind: Kind
  /// Nil for an obstacle.
  public var severity: Severity?
  public var meaning: String
  /// How to find out whether it is real, and how far it goes.
  public var confirm: [String]
  /// What to do, in this order.
  public var act: [String]
  /// What ends it.
  public var ends: String

  init(_ code: FindingCode, confirm: [String], act: [String], ends: String) {
    self.code = code.rawValue
    kind = .finding
    severity = code.severity
    meaning = code.meaning
    self.confirm = confirm
    self.act = act
    self.ends = ends
  }

  init(_ code: DrillError.Code, _ meaning: String, confirm: [String], act: [String]) {
    self.code = code.rawValue
    kind = .obstacle
    severity = nil
    self.meaning = meaning
    self.confirm = confirm
    self.act = act
    ends =
      "The next run that gets past this point. Until then its part of the verdict is inconclusive, which is not a pass."
  }

  /// The page of a finding.
  public static func of(_ code: FindingCode) -> PlaybookPage {
    stored(code) ?? encoding(code) ?? restored(code) ?? topology(code)
      ?? PlaybookPage(
        code, confirm: [], act: [code.action], ends: "A later run that looked here again and found nothing.")
  }

  /// Every page: findings in the order of their stages, then obstacles.
  public static var all: [PlaybookPage] {
    FindingCode.allCases.map { PlaybookPage.of($0) } + DrillError.Code.allCases.map { PlaybookPage.of($0) }
  }

  /// The page of a code by its name.
  ///
  /// - Throws: `DrillError` with `usage`, which names the codes that are near.
  public static func named(_ name: String) throws -> PlaybookPage {
    if let code = FindingCode(rawValue: name) { return of(code) }
    if let code = DrillError.Code(rawValue: name) { return of(code) }
    let names = FindingCode.allCases.map(\.rawValue) + DrillError.Code.allCases.map(\.rawValue)
    let near = NearNames.nearest(to: name, among: names).prefix(3).joined(separator: ", ")
    throw DrillError(.usage, subject: name, detail: "there is no such code; near it: \(near)")
  }
}
