import ArgumentParser
import DrillEvidence
import Firedrill

struct PolicyChangesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy-changes",
    abstract: "When which drill ran under another policy than before, and what changed in it.",
    discussion: """
      The policy is the drill file with all that it names. The lines that changed are shown while the ledger still keeps the runs' details.

      EXAMPLE
        firedrill ledger policy-changes --drill nightly
      """)

  @Option(name: .long, help: "Only this drill.") var drill: String?
  @Option(name: .long, help: "Only drills of this cluster.") var cluster: String?
  @OptionGroup var ledger: LedgerOptions
  @OptionGroup var common: CommonOptions

  func run() async throws {
    let changes = try Ledger.open(at: ledger.path, mode: .readOnly).policyDifferences(drill: drill, cluster: cluster)
    if common.json {
      try Terminal.sayJSON(changes)
    } else {
      Terminal.say(PolicyChangesText(changes).text(Terminal.style))
    }
  }
}
