import DrillCrypto
import DrillEvidence
import DrillModel
import Foundation
import Testing

@Suite("A report as HTML")
struct ReportHTMLTests {
  /// What somebody may have named a key, a cluster or a file.
  static let names = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)",
    "a\"\u{301} onload=\u{301}x",
    "{{{css}}}", "{{#view}}", "`onfocus=alert(1)`", "</style><script>alert(1)</script>", "]]>", "-->",
    "\u{202E}evil\u{0}\u{7}",
    "&lt;script&gt;", String(repeating: "k", count: 10_000),
  ]

  /// A run that carries a name wherever a run can.
  static func run(named name: String) throws -> Run {
    var run = try SampleRuns.failing()
    run.drill = name
    run.cluster = name
    run.engine = name
    run.host = name
    run.tool = name
    run.notes = [name]
    run.backups = [Run.BackupExamined(backup: name, manifest: nil, cut: nil)]
    run.levels = [Run.LevelReached(.bytes, evidence: name)]
    run.findings.append(
      Finding(
        .contentDiffers, stage: .compare,
        subject: .init(
          backup: name, shard: name, artifact: name, namespace: name, slot: Slot(1), key: .clear(Array(name.utf8))),
        expected: name, observed: name))
    run.obstacles.append(Run.Obstacle(DrillError(.io, subject: name, detail: name), stage: .restore))
    run.coverage.append(
      Run.StageCoverage(
        .compare, of: name, try Coverage(.records, declared: 3, examined: 1, skipped: [.budgetSpent: 2])))
    run.comparisons.append(Run.Comparison(.compare, left: name, right: name, independentReaders: 1, isEqual: false))
    run.latencies.append(Run.Latency(side: name, operations: 1, p50: 1, p99: 1, p999: 1, max: 1))
    run.phases.append(PhaseTiming(.load, shard: name, elapsed: .milliseconds(9)))
    run.sandbox = SandboxFacts(isolation: .process, isolationDetail: name, server: name, clockHeld: false, phases: [])
    run.governance = Governance(owner: name, escalation: [name], deadlines: [.critical: 60])
    return run
  }

  /// Both kinds of report of a recorded run, a day after it.
  static func pages(_ run: Run, in folder: String) throws -> [ReportPage] {
    let ledger = try Ledger.open(at: "\(folder)/ledger-\(UUID().uuidString).sqlite")
    try LedgerCopy.begin(run, in: ledger)
    try ledger.append(run)
    if let finding = try ledger.history().runs[0].body.subjects?.first {
      try ledger.append(
        FindingAction(finding: finding.id, cluster: run.cluster, .note, who: run.cluster, why: run.cluster))
    }
    let history = try ledger.history()
    let recorded = try ledger.run(run.id)
    let now = Instant(millisecondsSince1970: run.startedAt.millisecondsSince1970 + 86_400_000)
    return [
      ReportPage(recorded, history: history, at: now),
      ReportPage(
        cluster: run.cluster, since: run.startedAt, history: history, latest: recorded, at: now),
    ]
  }

  @Test("no name becomes markup, whatever it is made of, and each can still be read", arguments: names)
  func escaping(name: String) throws {
    try withTemporaryFolder { folder in
      for page in try Self.pages(Self.run(named: name), in: folder) {
        let html = ReportHTML(page).text()
        let scan = try MarkupScan(html)
        #expect(scan.elements.subtracting(OurMarkup.elements) == [])
        #expect(scan.attributes.subtracting(OurMarkup.attributes) == [])
        // As it stands in a subject: what cannot be seen is spelled out.
        #expect(scan.text.contains(TerminalText.safe(KeyName.clear(Array(name.utf8)).text)))
        #expect(!scan.values.contains { $0.hasPrefix("javascript:") || $0.hasPrefix("http") })
      }
    }
  }

  @Test("a key that is not UTF-8 is shown byte by byte, in every format")
  func notUTF8() throws {
    var run = try SampleRuns.failing()
    run.findings[1].subject.key = .clear([0x61, 0xFF, 0xFE, 0x00, 0x3C])
    try withTemporaryFolder { folder in
      let page = try Self.pages(run, in: folder)[0]
      let shown = "a\\xff\\xfe\\x00<"
      #expect(try MarkupScan(ReportHTML(page).text()).text.contains(shown))
      #expect(try MarkupScan(ReportJUnit(page).text()).text.contains(shown))
      #expect(ReportMarkdown(page).text().contains("a\\\\xff\\\\xfe\\\\x00&lt;"))
      let decoded = try CanonicalJSON.decode(ReportPage.self, from: Array(try CanonicalJSON.text(page).utf8))
      #expect(decoded.findings.contains { $0.subject.key == .redacted(shown) })
    }
  }

  @Test("its policy allows the one style by its digest, and nothing else")
  func policy() throws {
    let html = ReportHTML(ReportPage(try Self.recorded(SampleRuns.passing()), history: History(), at: SampleRuns.start))
      .text()
    let style = try #require(html.firstMatch(of: /<style>([\s\S]*?)<\/style>/)?.1)
    let policy = try #require(html.firstMatch(of: /http-equiv="Content-Security-Policy" content="([^"]*)"/)?.1)
    let digest = Base64.encode(SHA256.digest(Array(style.utf8)).bytes)
    #expect(
      policy
        == "default-src &#39;none&#39;; style-src &#39;sha256-\(digest)&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"
    )
    // Before the style, so that it holds for it.
    let policyAt = try #require(html.range(of: "Content-Security-Policy")?.lowerBound)
    let styleAt = try #require(html.range(of: "<style>")?.lowerBound)
    #expect(policyAt < styleAt)
    for foreign in ["<script", "<link", "<img", "src=", "@import", "url(http", "style=\"", "<iframe", "<form"] {
      #expect(!html.contains(foreign), "\(foreign)")
    }
    #expect(!style.contains("url("))
  }

  static func recorded(_ run: Run) -> RecordedRun {
    RecordedRun(
      entry: RunEntry(
        run: run.id, drill: run.drill, cluster: run.cluster, seed: run.seed, state: .finished, startedAt: run.startedAt),
      run: run, files: run.files)
  }

  @Test("every drawing has a title and a description, and no id stands twice")
  func accessible() throws {
    try withTemporaryFolder { folder in
      for run in [try SampleRuns.passing(), try SampleRuns.failing(), try SampleRuns.overflowing()] {
        for page in try Self.pages(run, in: folder) {
          let html = ReportHTML(page).text()
          let drawings = html.matches(of: /<svg class="chart"/).count
          #expect(drawings > 1)
          #expect(
            html.matches(
              of:
                /role="img" aria-labelledby="[a-z0-9]+-t [a-z0-9]+-d"><title id="[a-z0-9]+-t">[^<]+<\/title><desc id="[a-z0-9]+-d">[^<]+</
            ).count == drawings)
          let ids = html.matches(of: /\sid="([^"]*)"/).map { String($0.1) }
          #expect(Set(ids).count == ids.count)
        }
      }
    }
  }
}
