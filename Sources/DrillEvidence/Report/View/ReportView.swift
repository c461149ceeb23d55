import DrillModel

/// A report in the words and drawings of a page; what the templates show.
package struct ReportView {
  /// Where names of runs and findings lead; nil where a page stands alone.
  package struct Links: Sendable {
    package var run: @Sendable (String) -> String
    package var finding: @Sendable (String) -> String
    package init(
      run: @escaping @Sendable (String) -> String, finding: @escaping @Sendable (String) -> String
    ) {
      self.run = run
      self.finding = finding
    }
  }

  package struct Tile {
    let name: String
    let value: String
    let tone: String
    let sub: String
  }

  package struct Fact {
    let term: String
    let lines: [String]
  }

  package struct Group {
    let code: String
    let times: String
    let severity: String
    let stage: String
    let meaning: String
    /// For Markdown, where backticks mean the same.
    let action: String
    let actionMarkup: String
    let ownerText: String
    let overdueText: String
    let isOverdue: Bool
    let rows: [FindingRow]
    /// Behind a line that opens them.
    let moreRows: [FindingRow]
    let hasMore: Bool
    let moreText: String
    let beyond: String
  }

  package struct ClosedRow {
    let closedCode: String
    let subject: String
    let closedText: String
    let link: String
    let hasLink: Bool
  }

  package struct FindingRow {
    let short: String
    let whole: String
    let isLong: Bool
    let link: String
    let hasLink: Bool
    let facts: String
    let status: String
    let isLate: Bool
    let word: String
  }

  package struct Step {
    let name: String
    let symbol: String
    let tone: String
    let claimText: String
    let evidenceLines: [String]
    let missingText: String
    let required: String
  }

  package struct GapRow {
    let what: String
    let because: String
    let howMuch: String
    let sort: String
  }

  package struct CoverageRow {
    let part: String
    let share: String
    let amount: String
    let bar: String
    let skippedLines: [String]
    let isWhole: Bool
  }

  package struct ObjectiveRow {
    let goal: String
    let bound: String
    let measuredText: String
    let outcome: String
    let tone: String
  }

  package struct RunRow {
    let time: String
    let verdict: String
    let symbol: String
    let tone: String
    let levelText: String
    let wrong: String
    let restoreText: String
    let driftText: String
    let name: String
    let link: String
    let hasLink: Bool
    let isFocus: Bool
  }

  package struct WindowRow {
    let span: String
    let length: String
    let lostText: String
    let backupName: String
    let rationaleText: String
    let milestoneLines: [String]
    let isLongest: Bool
  }

  package struct DriftRow {
    let count: String
    let attribution: String
    let tone: String
    let kindText: String
    let cause: String
  }

  package struct Chart {
    let heading: String
    let svg: String
    let caption: String
  }

  package struct ComparisonRow {
    let sides: String
    let outcome: String
    let tone: String
    let readers: String
  }

  let pageTitle: String
  let kicker: String
  let subjectName: String
  let verdictWord: String
  let verdictSymbol: String
  let verdictTone: String
  let headline: String
  let generated: String
  let alarms: [String]
  let tiles: [Tile]
  let groups: [Group]
  let hasGroups: Bool
  let noFindings: String
  let closedRows: [ClosedRow]
  let hasClosed: Bool
  let closedText: String
  let steps: [Step]
  let gapRows: [GapRow]
  let hasGaps: Bool
  let noGaps: String
  let timeCharts: [Chart]
  let timeNotes: [String]
  let objectiveRows: [ObjectiveRow]
  let hasObjectives: Bool
  let coverageRows: [CoverageRow]
  let hasCoverage: Bool
  let slotChart: String
  let slotLines: [String]
  let driftHeadline: String
  let driftRows: [DriftRow]
  let hasDrift: Bool
  let driftCharts: [Chart]
  let latencyChart: String
  let latencyText: String
  let answerText: String
  let comparisonRows: [ComparisonRow]
  let hasComparisons: Bool
  let hasCadence: Bool
  let cadenceLines: [String]
  let windowRows: [WindowRow]
  let hasWindows: Bool
  let runRows: [RunRow]
  let hasRuns: Bool
  let runsHeading: String
  let runsText: String
  let factRows: [Fact]
  let noteLines: [String]
  let hasNotes: Bool
  let focusText: String

  package init(_ page: ReportPage, links: Links? = nil) {
    let words = ReportWords(page)
    let parts = ReportViewParts(page, links: links)
    kicker = words.kicker
    subjectName = words.subject
    pageTitle = "\(words.standing): \(words.subject)"
    verdictWord = words.standing
    verdictSymbol = words.symbol
    verdictTone = words.tone
    headline = page.headline
    generated = Format.time(page.generatedAt)
    alarms = words.alarms
    tiles = parts.tiles
    groups = parts.groups
    hasGroups = !groups.isEmpty
    noFindings = words.noFindings
    closedRows = parts.closed
    hasClosed = !closedRows.isEmpty
    closedText = parts.closedText
    steps = parts.steps
    gapRows = parts.gaps
    hasGaps = !gapRows.isEmpty
    noGaps = "Everything that was declared was examined, and nothing stood in the way."
    timeCharts = parts.timeCharts
    timeNotes = parts.timeNotes
    objectiveRows = page.objectives.map(parts.objective)
    hasObjectives = !objectiveRows.isEmpty
    coverageRows = page.coverage.map(parts.coverage)
    hasCoverage = !coverageRows.isEmpty
    slotChart = SlotChart.markup(page.slots, id: "slots")
    slotLines = parts.slotLines
    driftHeadline = words.drift
    driftRows = parts.drift
    hasDrift = !driftRows.isEmpty
    driftCharts = parts.driftCharts
    latencyChart = LatencyChart.markup(page.latencies, id: "latency") ?? ""
    latencyText =
      page.latencies.isEmpty
      ? "No latency is recorded."
      : page.latencies.compactMap { latency in
        latency.offered.map { "\(latency.side), \(OfferedWords.latency($0)); \(OfferedWords.rate($0))." }
      }.joined(separator: " ")
    answerText = words.answers
    comparisonRows = parts.comparisons
    hasComparisons = !comparisonRows.isEmpty
    hasCadence = page.cadence != nil
    cadenceLines = page.cadence.map { CadenceWords($0).lines } ?? []
    windowRows = page.cadence.map { CadenceWords($0).rows } ?? []
    hasWindows = !windowRows.isEmpty
    runRows = parts.runs
    hasRuns = !runRows.isEmpty
    runsHeading = page.kind == .run ? "Runs of this drill until then" : "Runs in this time"
    runsText = words.counts
    factRows = parts.facts
    noteLines = page.notes
    hasNotes = !noteLines.isEmpty
    focusText = words.focus
  }
}
