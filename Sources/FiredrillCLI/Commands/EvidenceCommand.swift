import ArgumentParser

struct EvidenceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evidence", abstract: "What was recorded, for somebody who trusts nothing but signatures.",
    subcommands: [EvidenceExportCommand.self, EvidenceVerifyCommand.self, EvidenceSignOffCommand.self])

  func run() async throws { throw CommandOutcome(helpFor: Self.self) }
}
