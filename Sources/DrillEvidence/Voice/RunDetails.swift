import DrillModel

/// All that the ledger holds of one run, at any length: `firedrill ledger show`.
public struct RunDetails: Sendable {
  public var recorded: RecordedRun

  public init(_ recorded: RecordedRun) { self.recorded = recorded }

  public func text(_ style: TextStyle = TextStyle()) -> String {
    var page = Page(style)
    if let run = recorded.run { whole(run, &page) } else { remains(&page) }
    page.gap()
    if let files = recorded.files {
      page.field(
        "Again",
        [
          Span("firedrill run --again \(recorded.entry.run)", .strong),
          "  (\(files.keys.sorted().joined(separator: ", ")), seed \(recorded.entry.seed))",
        ])
    } else {
      page.field("Again", ["cannot be run again: its files were dropped by age"])
    }
    let leaves = [
      recorded.entry.startedLeaf.map { "begun in leaf \($0)" },
      recorded.entry.finishedLeaf.map { "finished in leaf \($0)" },
    ]
    page.field("Ledger", ["\(leaves.compactMap { $0 }.joined(separator: ", "))"])
    return page.text
  }

  private func whole(_ run: Run, _ page: inout Page) {
    let parts = RunParts(run: run)
    parts.header(&page, backups: .max)
    for backup in run.backups {
      if let manifest = backup.manifest { page.field("", ["\(backup.backup): manifest sha256 \(manifest)"]) }
      if let unsealed = backup.unsealed {
        page.field("", ["\(backup.backup): \(unsealed.open); its cut's time: \(unsealed.cutFrom)"])
        for (name, digest) in unsealed.files.sorted(by: { $0.key < $1.key }) {
          page.field("", ["\(name): sha256 \(digest), as this run read it"])
        }
      }
      for link in backup.chain?.links ?? [] where link.backup != backup.backup {
        page.field("", ["on \(link.backup): manifest sha256 \(link.manifest)"])
      }
      for line in backup.cut?.proof ?? [] { page.field("", ["\(backup.backup): \(line)"]) }
    }
    page.gap()
    parts.wrong(&page, most: .max)
    page.gap()
    findings(run, &page)
    page.gap()
    parts.couldNotLook(&page, most: .max)
    page.gap()
    parts.level(&page, withEvidence: true)
    parts.coverage(&page, most: .max)
    parts.phases(&page)
    shardPhases(run, &page)
    parts.answers(&page)
    latencies(run, &page)
    parts.drift(&page, most: .max)
    driftSamples(run, &page)
    parts.comparisons(&page, most: .max)
    parts.sandbox(&page, inFull: true)
    parts.selfTest(&page, inFull: true)
    if let root = run.fingerprintRoot { page.field("Content", ["fingerprint root \(root)"]) }
    parts.notes(&page, most: .max)
    page.field("Made by", ["\(run.tool) on \(run.host)"])
  }

  private func findings(_ run: Run, _ page: inout Page) {
    guard run.findings.count > 1 else { return }
    page.paragraph([Span("EACH FINDING", .strong)])
    for finding in run.findings.sorted(by: { $0.stage < $1.stage }) {
      let facts = [
        finding.stage.rawValue, finding.subject.description,
        "expected \(finding.expected); observed \(finding.observed)",
      ].filter { !$0.isEmpty }
      page.paragraph([Span(finding.code.rawValue, .bad), "  \(facts.joined(separator: " · "))"], indent: 2, hanging: 6)
    }
  }

  private func shardPhases(_ run: Run, _ page: inout Page) {
    let timings = run.phases.filter { $0.shard != nil }
    for shard in timings.compactMap(\.shard).uniqued() {
      let own = timings.filter { $0.shard == shard }.map {
        "\($0.phase.rawValue.replacing("-", with: " ")) \(Format.duration(ms: $0.elapsedMs))"
      }
      page.field("", ["shard \(shard): \(own.joined(separator: ", "))"])
    }
  }

  private func latencies(_ run: Run, _ page: inout Page) {
    for side in run.latencies {
      page.field(
        "",
        [
          "\(side.side): \(Format.plural(side.operations, "operation")), p99.9 \(Format.duration(ms: side.latencyP999Us / 1000)), longest \(Format.duration(ms: side.latencyMaxUs / 1000))"
        ])
    }
  }

  private func driftSamples(_ run: Run, _ page: inout Page) {
    guard !run.driftSamples.isEmpty else { return }
    page.field("", ["a seeded few of them:"])
    page.table(
      run.driftSamples.map {
        [
          Span($0.key.text), Span($0.namespace), "slot \($0.slot)", Span($0.attribution.rawValue),
          Span($0.kind.rawValue.replacing("-", with: " ")), Span($0.cause.rawValue),
        ]
      }, indent: Page.margin)
  }

  /// A run that did not finish, or whose details were dropped.
  private func remains(_ page: inout Page) {
    let entry = recorded.entry
    guard let outcome = entry.outcome else {
      let isRunning = entry.state == .running
      page.paragraph([
        Span(entry.state.rawValue.uppercased(), .unsure), "  ",
        Span(
          isRunning
            ? "its process is alive"
            : "it began and its process ended before it was done; it says nothing about the data", .strong),
      ])
      page.field("Run", ["\(entry.run) · cluster \(entry.cluster) · \(Format.time(entry.startedAt))"])
      return
    }
    page.paragraph([
      Span(outcome.verdict.rawValue.uppercased(), .strong),
      "  level \(outcome.level.rawValue), \(outcome.requiredLevel.rawValue) was required",
    ])
    page.field("Run", ["\(entry.run) · cluster \(entry.cluster) (\(outcome.engine)) · \(Format.time(entry.startedAt))"])
    for backup in outcome.backups { page.field("Backup", ["\(backup.backup)"]) }
    func listed(_ counts: [String: Int]) -> String {
      counts.sorted { $0.key < $1.key }.map { "\($0.key) ×\(Format.count($0.value))" }.joined(separator: ", ")
    }
    if !outcome.findings.isEmpty { page.field("Wrong", [Span(listed(outcome.findings), .bad)]) }
    if !outcome.obstacles.isEmpty { page.field("Not looked", [Span(listed(outcome.obstacles), .unsure)]) }
    page.field("Restore", ["\(Format.duration(ms: outcome.restoreMs))"])
    page.field("Details", ["were dropped by age; this is what outlives them"])
  }
}
