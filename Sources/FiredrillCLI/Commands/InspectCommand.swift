import ArgumentParser
import Firedrill

struct InspectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Say in words what a backup says it is. Verifies nothing.",
    discussion: """
      EXAMPLE
        firedrill inspect /backups/shop-20260131T040000Z-1a2b3c
        firedrill inspect shop-20260131T040000Z-1a2b3c --catalog sftp://backup@host/srv/backups
      """)

  @Argument(help: "A backup's folder, or its id beside --catalog.", completion: .directory)
  var backup: String

  @Option(
    name: .long, help: "The catalog: a folder, or a remote one such as s3://bucket/path (needs rclone).",
    completion: .directory)
  var catalog: String?

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let (name, catalog, events) = (backup, catalog, common.progress.handler)
    if let unsealed = try await interruptible({
      try await Firedrill.inspectUnsealed(backup: name, catalog: catalog, events: events)
    }) {
      if common.json { try Terminal.sayJSON(unsealed) } else { Terminal.say(unsealed.text) }
      return
    }
    let backup = try await interruptible { try await Firedrill.inspect(backup: name, catalog: catalog, events: events) }
    if common.json {
      try Terminal.sayJSON(backup.manifest)
    } else {
      Terminal.say(BackupText.describe(backup.manifest, digest: backup.digest))
    }
  }
}
