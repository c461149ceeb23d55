public import DrillModel

/// What one check concluded; judgements add up.
public struct Judgement: Sendable, Equatable {
  public var findings: [Finding] = []
  public var coverage: [Run.StageCoverage] = []
  public var comparisons: [Run.Comparison] = []
  /// What the check could not judge, and why: makes its part of the verdict inconclusive.
  public var obstacles: [Run.Obstacle] = []

  public init() {}

  /// Nothing wrong, nothing left unjudged.
  public var isClean: Bool { findings.isEmpty && obstacles.isEmpty }

  public static func += (a: inout Judgement, b: Judgement) {
    a.findings += b.findings
    a.coverage += b.coverage
    a.comparisons += b.comparisons
    a.obstacles += b.obstacles
  }

  /// Findings of one kind that a single check reports; what is beyond is summed up in one finding more.
  static let findingLimit = 100

  /// Adds at most ``findingLimit`` findings, and one that says how many there would be more.
  mutating func addLimited(_ found: [Finding]) {
    findings += found.prefix(Judgement.findingLimit)
    guard found.count > Judgement.findingLimit, let last = found.last else { return }
    findings.append(
      Finding(
        last.code, stage: last.stage, subject: Finding.Subject(backup: last.subject.backup, shard: last.subject.shard),
        expected: "none", observed: "\(found.count - Judgement.findingLimit) more of these"))
  }
}

/// Numbers in sentences.
enum Wording {
  static func count(_ number: some BinaryInteger, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }

  static func percent(_ share: Double) -> String {
    let tenths = (share * 1000).rounded(.down)
    return "\(tenths / 10) %"
  }

  static func duration(_ duration: Duration) -> String {
    let seconds = duration.seconds
    if seconds < 1 { return "\(Int(duration.milliseconds.rounded(.up))) ms" }
    if seconds < 600 { return "\((seconds * 10).rounded(.up) / 10) s" }
    return "\((seconds / 6).rounded(.up) / 10) min"
  }
}
