import DrillEvidence
import DrillModel
import Testing

@Suite("Findings and the playbook in words")
struct FindingTextTests {
  private func history(_ keys: [String] = ["key:0011223344556677"]) throws -> (History, [FollowedFinding]) {
    var sample = SampleHistory()
    let findings = keys.map { Finding.restored(.contentDiffers, .compare, slot: 7, key: $0) } + [.stored()]
    sample.add(findings)
    let id = try #require(try sample.findings().first { $0.code == .contentDiffers }).id
    sample.act(.note, on: id, who: "grace", why: "replica *4* was <b>out of sync</b>\n# not a heading")
    let history = try sample.history()
    return (history, history.findings(at: SampleHistory.time(2)))
  }

  @Test("overdue findings stand first, with by how much, and whose they are")
  func listing() throws {
    let (_, found) = try history()
    let text = FindingListing(found, at: SampleHistory.time(2)).text()
    let lines = text.split(separator: "\n").map(String.init)
    #expect(lines[0] == "2 findings open, 1 overdue")
    #expect(lines[1].hasPrefix("OVERDUE by 1 d  critical  content-differs"), "\(text)")
    #expect(text.contains("owner storage on-call") && text.contains("noted by grace"))
    let last = try #require(lines.firstIndex { $0.hasPrefix("open  high  checksum-mismatch") })
    #expect(lines[last + 1].contains("due in 1 d"), "\(text)")
    #expect(FindingListing([], at: SampleHistory.start).text() == "no finding is open\n")
  }

  @Test("a finding is named by a beginning of its name that no other has")
  func names() throws {
    let (_, found) = try history()
    #expect(try found.named(String(found[0].id.prefix(5))) == found[0])
    for name in ["", "zz"] {
      #expect { try found.named(name) } throws: { ($0 as? DrillError)?.code == .usage }
    }
    #expect { try [FollowedFinding]().named("a") } throws: { ($0 as? DrillError)?.code == .usage }
    #expect { try [found[0], found[0]].named(String(found[0].id.prefix(1))) } throws: {
      ($0 as? DrillError)?.detail.contains("2 findings") == true
    }
  }

  @Test("keys that are mark-up or 10,000 characters long leave lines as lines")
  func oddKeys() throws {
    let (history, found) = try history([
      "<script>alert(1)</script>", String(repeating: "k", count: 10_000), "a\u{1B}[2J\u{202E}",
    ])
    for text in [
      FindingListing(found, at: SampleHistory.start).text(), Playbook(from: history).text(),
    ] + found.map({ FindingDetails($0, at: SampleHistory.start).text() }) {
      #expect(!text.contains("\u{1B}") && !text.contains("\u{202E}"))
      #expect(text.split(separator: "\n").map(\.count).max() ?? 0 <= 100)
    }
    let markdown = Playbook(from: history).markdown()
    #expect(!markdown.contains("<b>") && !markdown.contains("<script"))
    #expect(markdown.contains("replica \\*4\\* was &lt;b&gt;out of sync"))
    #expect(!markdown.split(separator: "\n").contains { $0.hasPrefix("# not") })
  }

  // MARK: Playbook

  @Test("every code of a finding and of an obstacle has a page that says how to confirm it and what to do")
  func pages() throws {
    #expect(PlaybookPage.all.count == FindingCode.allCases.count + DrillError.Code.allCases.count)
    #expect(Set(PlaybookPage.all.map(\.code)).count == PlaybookPage.all.count)
    for page in PlaybookPage.all {
      #expect(page.confirm.count + page.act.count >= 2 && !page.confirm.isEmpty && !page.act.isEmpty, "\(page.code)")
      #expect(try PlaybookPage.named(page.code) == page)
      #expect((page.severity != nil) == (page.kind == .finding))
      if page.kind == .finding { #expect(page.confirm.count >= 2 && page.act.count >= 2, "\(page.code)") }
      for sentence in page.confirm + page.act + [page.meaning, page.ends] {
        #expect(sentence.filter { $0 == "`" }.count.isMultiple(of: 2), "\(page.code): \(sentence)")
      }
    }
  }

  @Test("a page names no code, and no field of a drill, that there is not")
  func references() throws {
    let codes = Set(PlaybookPage.all.map(\.code))
    for page in PlaybookPage.all {
      for sentence in page.confirm + page.act + [page.ends] {
        for match in sentence.matches(of: #/firedrill explain (?<code>[a-z-]+)/#) {
          #expect(codes.contains(String(match.output.code)), "\(page.code): \(sentence)")
        }
      }
    }
  }

  @Test("a code that there is not is answered with those that are near")
  func nearest() {
    #expect { try PlaybookPage.named("cheksum-mismatch") } throws: {
      ($0 as? DrillError)?.code == .usage && ($0 as? DrillError)?.detail.contains("checksum-mismatch") == true
    }
  }

  @Test("a page says whom to call, as the latest run of each drill does, and what was noted before")
  func contacts() throws {
    var sample = SampleHistory()
    sample.add([.stored()])
    sample.add { $0.governance = Governance(owner: "ada", escalation: ["grace"], deadlines: [.high: 7200]) }
    sample.add(drill: "weekly") { $0.governance = nil }
    let id = try #require(try sample.findings().first).id
    sample.act(.withdraw, on: id, why: "disk swapped")
    let playbook = Playbook([PlaybookPage.of(.checksumMismatch)], from: try sample.history())
    #expect(playbook.contacts.map(\.governance.owner) == ["ada"])
    let text = playbook.text()
    #expect(text.contains("nightly (orders): ada, then grace; to be resolved within 2 h"), "\(text)")
    #expect(text.contains("disk swapped"))
    let other = Playbook([PlaybookPage.of(.chainGap)], from: try sample.history()).text()
    #expect(!other.contains("disk swapped"), "another code's notes")
    #expect(Playbook([PlaybookPage.of(.serverMissing)]).text().contains("no recorded drill names anybody"))
  }
}
