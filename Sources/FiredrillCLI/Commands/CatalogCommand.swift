import ArgumentParser
import Firedrill

struct CatalogCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "catalog", abstract: "What backups there are.", subcommands: [List.self])

  func run() async throws { throw CommandOutcome(helpFor: Self.self) }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list",
      abstract: "List a catalog's backups, oldest cut first, as their manifests claim (see check).",
      discussion: """
        EXAMPLE
          firedrill catalog list /backups
          firedrill catalog list s3://bucket/shop
        """)

    @Argument(
      help: "The catalog: a folder, or a remote one such as s3://bucket/path (needs rclone).", completion: .directory)
    var catalog: String

    @OptionGroup var common: CommonOptions

    func run() async throws {
      let (catalog, events) = (catalog, common.progress.handler)
      let all = try await interruptible { try await Firedrill.catalog(catalog, events: events) }
      let unsealed = try Firedrill.unsealed(in: catalog)
      let names = Set(unsealed.map(\.backup))
      let entries = all.filter { !names.contains($0.id) }
      if common.json {
        return try Terminal.sayJSON(entries + unsealed.map { .init(id: $0.backup, unsealed: $0) })
      }
      let lines = (entries.isEmpty && !unsealed.isEmpty ? [] : [BackupText.list(entries)]) + unsealed.map(\.line)
      Terminal.say(lines.joined(separator: "\n"))
    }
  }
}
