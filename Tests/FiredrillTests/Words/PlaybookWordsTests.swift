import DrillEvidence
import Foundation
import Testing

@Suite("What the playbook tells to type")
struct PlaybookWordsTests {
  @Test("each command that a page names is there, with the flags that it is given")
  func commands() async throws {
    // A command with its subcommand where it has one, and what follows up to the end of the code.
    let typed =
      #/`firedrill (?<name>[a-z]+(?: (?:list|show|verify|withdraw|note|acknowledge|policy-changes|discover|check|diff))?)(?<rest>[^`]*)`/#
    var flags: [String: Set<String>] = [:]
    for page in PlaybookPage.all {
      for sentence in page.confirm + page.act + [page.ends] {
        for match in sentence.matches(of: typed) {
          let given = match.output.rest.split(separator: " ").filter { $0.hasPrefix("-") }.map(String.init)
          flags[String(match.output.name), default: []].formUnion(given)
        }
      }
    }
    #expect(flags.count >= 8)
    try await TestBench.with { bench in
      for (name, flags) in flags.sorted(by: { $0.key < $1.key }) where name != "help" {
        let help = try await FiredrillProcess.run(name.split(separator: " ").map(String.init) + ["--help"], in: bench)
        #expect(help.status == 0, "firedrill \(name)")
        for flag in flags { #expect(help.output.contains(flag), "firedrill \(name) \(flag)") }
      }
    }
  }
}
