/// What was examined, and what was skipped and why, in one unit; the two add up to what was declared.
public struct Coverage: Hashable, Sendable, Codable {
  public enum Unit: String, Sendable, Codable, CaseIterable {
    case bytes, slots, records, answers, artifacts
  }

  public private(set) var unit: Unit
  public private(set) var declared: UInt64
  public private(set) var examined: UInt64
  /// Amounts by reason; no amount is zero.
  public private(set) var skipped: [SkipReason: UInt64]

  /// - Throws: `DrillError` with code `coverage-open` unless examined and skipped add up to what was declared: nothing may be built on a sum that
  ///   does not close.
  public init(_ unit: Unit, declared: UInt64, examined: UInt64, skipped: [SkipReason: UInt64] = [:]) throws {
    let total = skipped.values.reduce(examined, +)
    guard total == declared else {
      throw DrillError(
        .coverageOpen, subject: unit.rawValue,
        detail:
          "\(declared) \(unit.rawValue) were declared, but \(examined) examined and \(total - examined) skipped make \(total)"
      )
    }
    self.unit = unit
    self.declared = declared
    self.examined = examined
    self.skipped = skipped.filter { $0.value > 0 }
  }

  /// The coverage of several parts together.
  ///
  /// - Precondition: the parts are counted in `unit`.
  public static func sum(of parts: [Coverage], _ unit: Unit) throws -> Coverage {
    precondition(parts.allSatisfy { $0.unit == unit })
    return try Coverage(
      unit, declared: parts.reduce(0) { $0 + $1.declared }, examined: parts.reduce(0) { $0 + $1.examined },
      skipped: parts.reduce(into: [:]) { $0.merge($1.skipped, uniquingKeysWith: +) })
  }

  /// The share examined, 0 to 1; nil where nothing was declared.
  public var share: Double? { declared == 0 ? nil : Double(examined) / Double(declared) }
}

/// Why something declared was not examined. As a dictionary's key it is stored by its name, so that stored amounts have one form.
public enum SkipReason: String, Sendable, Codable, CodingKeyRepresentable, CaseIterable {
  case stageNotRun = "stage not run"
  case artifactUnavailable = "artifact missing or unreadable"
  case notSampled = "not in the seeded sample"
  case checksumDisabled = "the format's checksum is disabled in the file"
  case opaqueModule = "module value, not readable through the server"
  case featureMissing = "needs a module, function or collation that is not at hand"
  case explained = "difference explained by a recorded cause, not compared"
  case expiredAtCut = "had expired at the cut: no server loads it"
  case indeterminate = "no answer in time"
  case budgetSpent = "time budget spent"
  case noRoom = "not sent: all clients had as many operations outstanding as they may"
  case notReferenced = "the reference says nothing about it"
  case unsteady = "the reference itself does not answer it the same way twice"
  case immutabilityUnknown = "the place cannot say whether it can be changed"
  case unsealed = "unsealed: nothing says what the bytes should be"
  case notModelled = "what a command of the log did to it is not modelled"
  case tornTail = "after the log's last whole command: no server keeps it"
  case notLoaded = "history of the log: no server loads it"
  case afterPoint = "after the point up to which the log was read"
}
