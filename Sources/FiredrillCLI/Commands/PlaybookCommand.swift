import ArgumentParser
import DrillEvidence
import DrillModel
import Firedrill
import Foundation

struct ExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "What a code means, how to find out whether it is real, what to do, whom to call.",
    discussion: """
      Codes of findings and of what could not be looked at. Whom to call, and what people noted on it before, comes from the ledger.

      EXAMPLE
        firedrill explain checksum-mismatch
      """)

  @Argument(help: "The code, as a run's summary shows it.") var code: String
  @OptionGroup var ledger: LedgerOptions
  @OptionGroup var common: CommonOptions

  func run() async throws {
    let playbook = try Firedrill.playbook(code, ledger: ledger.path)
    if common.json {
      try Terminal.sayJSON(PlaybookDocument(playbook))
    } else {
      Terminal.say(playbook.text(Terminal.style))
    }
  }
}

struct PlaybookCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "playbook",
    abstract: "All pages of the playbook as Markdown, with the notes that people left on findings.",
    discussion: """
      EXAMPLE
        firedrill playbook -o playbook.md
      """)

  @Option(name: [.customShort("o"), .long], help: "Write to this file.", completion: .file(extensions: ["md"]))
  var output: String?
  @OptionGroup var ledger: LedgerOptions
  @OptionGroup var common: CommonOptions

  func run() async throws {
    let playbook = try Firedrill.playbook(ledger: ledger.path)
    guard let output else {
      if common.json { try Terminal.sayJSON(PlaybookDocument(playbook)) } else { Terminal.say(playbook.markdown()) }
      return
    }
    do {
      try Data(playbook.markdown().utf8).write(to: URL(fileURLWithPath: Workplace.absolute(output)), options: .atomic)
    } catch {
      throw DrillError(
        .io, subject: output, detail: "the playbook cannot be written here: \(error.localizedDescription)")
    }
  }
}

/// The playbook as programs read it.
private struct PlaybookDocument: Encodable {
  var pages: [PlaybookPage]
  var contacts: [Playbook.Contact]
  var notes: [String: [Playbook.Note]]

  init(_ playbook: Playbook) {
    pages = playbook.pages
    contacts = playbook.contacts
    notes = playbook.notes.filter { note in playbook.pages.contains { $0.code == note.key } }
  }
}
