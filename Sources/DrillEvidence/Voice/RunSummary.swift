public import DrillModel

/// A run on one screen, for whoever must know within a minute whether something is wrong, what, and whether it is real.
///
/// What is wrong comes first; then what was examined and what not. Whatever does not fit is counted, and is in ``RunDetails``.
public struct RunSummary: Sendable {
  /// The most lines that a summary has, at 80 columns and more.
  public static let lineLimit = 40

  public var run: Run
  /// Why the ledger does not hold the run; nil where it does.
  public var recordingError: DrillError?
  /// Whether it was to be recorded at all: a check is not, and then there is nothing for `ledger show` to show.
  public var isRecorded: Bool

  public init(_ run: Run, recordingError: DrillError? = nil, isRecorded: Bool = true) {
    self.run = run
    self.recordingError = recordingError
    self.isRecorded = isRecorded && recordingError == nil
  }

  /// The summary as lines, each ended by a line break.
  public func text(_ style: TextStyle = TextStyle()) -> String {
    // What is wrong is shortened last: the first page that fits, from the most that is shown of each part to the least.
    let amounts = [4, 3, 2, 1].lazy.flatMap { wrong in [8, 5, 3, 2, 1].lazy.map { (wrong, $0) } }
    let pages = amounts.map { page(style, wrong: $0, examined: $1) }
    if let fitting = pages.first(where: { $0.lines.count <= RunSummary.lineLimit }) { return fitting.text }
    var shortest = page(style, wrong: 1, examined: 1)
    shortest.cut(to: RunSummary.lineLimit)
    return shortest.text
  }

  private func page(_ style: TextStyle, wrong: Int, examined: Int) -> Page {
    var page = Page(style)
    let parts = RunParts(run: run)
    parts.header(&page, backups: examined > 2 ? 2 : 1)
    if let recordingError {
      page.field("NOT KEPT", [Span("\(recordingError.code.rawValue): \(recordingError.description)", .unsure)])
    }
    page.gap()
    if run.verdict != .pass {
      parts.wrong(&page, most: wrong)
      parts.couldNotLook(&page, most: wrong)
      parts.next(&page, isRecorded: isRecorded)
      page.gap()
    }
    parts.level(&page, withEvidence: run.verdict == .pass)
    parts.coverage(&page, most: examined)
    parts.phases(&page)
    parts.answers(&page)
    parts.drift(&page, most: (examined + 1) / 2)
    parts.comparisons(&page, most: (examined + 2) / 2)
    parts.sandbox(&page, inFull: false)
    parts.selfTest(&page, inFull: false)
    parts.notes(&page, most: examined / 2)
    if run.verdict == .pass { parts.next(&page, isRecorded: isRecorded) }
    return page
  }
}
