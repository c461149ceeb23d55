import ArgumentParser
import Firedrill

struct InspectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Say in words what a backup says it is. Verifies nothing.",
    discussion: """
      EXAMPLE
        firedrill inspect /backups/shop-20260131T040000Z-1a2b3c
      """)

  @Argument(help: "A backup's folder, or its id beside --catalog.", completion: .directory)
  var backup: String

  @Option(name: .long, help: "The catalog's folder.", completion: .directory)
  var catalog: String?

  @OptionGroup var common: CommonOptions

  func run() async throws {
    if let unsealed = try Firedrill.inspectUnsealed(backup: backup, catalog: catalog) {
      if common.json { try Terminal.sayJSON(unsealed) } else { Terminal.say(unsealed.text) }
      return
    }
    let backup = try Firedrill.inspect(backup: backup, catalog: catalog)
    if common.json {
      try Terminal.sayJSON(backup.manifest)
    } else {
      Terminal.say(BackupText.describe(backup.manifest, digest: backup.digest))
    }
  }
}
