import ArgumentParser
import DrillEvidence
import DrillModel
import Firedrill

struct MigrationCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migration",
    abstract: "The stages of a migration, with the backups, drills and decisions around them.",
    subcommands: [Event.self, Show.self])

  func run() async throws { throw CommandOutcome(helpFor: Self.self) }

  struct Event: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "event",
      abstract: "Record what a migration tool says: a stage that was reached, or what happened within it.",
      discussion: """
        Stages are passed one after the other, and none is left out: planned, snapshotting, copying, catching-up, quiesced, cut-over, verified, finalized; rolled-back
        from any of them but the last. Several events may lie within one stage. An event is known by its id: published again with the same content, it is recorded
        once and the exit status is 0; an id that is taken by another content is refused, and so is an event out of order, of an unknown migration (its first is
        planned), or from the future (beyond 60 s): exit 1, and nothing is recorded. An event that lies up to 60 s before the last one is taken, since clocks differ.

        From a file, or standard input (-), comes one event or a list of them, recorded all or none:
          {"id": "e1", "cluster": "shop", "migration": "reshard-7", "stage": "planned", "at": "2026-01-31T04:00:00Z",
           "moves": [{"slots": "0-99", "source": "a", "target": "b"}], "backup": "shop-1", "note": "…"}
        `at`, `moves`, `backup` and `note` may be left out.

        EXAMPLE
          firedrill migration event --cluster shop --migration reshard-7 --stage planned --id e1 --slots 0-99 --from a --to b
          firedrill migration event --cluster shop --migration reshard-7 --stage snapshotting --id e2 --backup shop-20260131T040000Z-1a2b3c
          firedrill migration event --file events.json
        """)

    @Option(name: .long, help: "Read events from this JSON file, or from standard input: -.", completion: .file())
    var file: String?
    @Option(name: .long, help: "The cluster's name.") var cluster: String?
    @Option(name: .long, help: "The migration's name: letters, digits, '-', '_' and '.'.") var migration: String?
    @Option(name: .long, help: "The stage: \(MigrationStage.allCases.map(\.rawValue).joined(separator: ", ")).")
    var stage: String?
    @Option(name: .long, help: "The event's own id, unique within the cluster.") var id: String?
    @Option(name: .long, help: "When it happened, as 2026-01-31T04:00:00Z; by default now.") var at: String?
    @Option(name: .long, help: "Slots that move, as 0-99,200; with --from and --to.") var slots: String?
    @Option(name: .long, help: "The shard that they leave.") var from: String?
    @Option(name: .long, help: "The shard that they go to.") var to: String?
    @Option(name: .long, help: "A backup that was taken at this stage: a checkpoint to restore to.") var backup: String?
    @Option(name: .long, help: "A word for whoever reads it.") var note: String?
    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
      let single = [cluster, migration, stage, id]
      if file != nil {
        guard (single + [at, slots, from, to, backup, note]).allSatisfy({ $0 == nil }) else {
          throw ValidationError("With --file, the file says it all.")
        }
        return
      }
      guard single.allSatisfy({ $0 != nil }) else {
        throw ValidationError("An event needs --cluster, --migration, --stage and --id; or name a --file.")
      }
      let moves = [slots, from, to].compactMap(\.self).count
      guard moves == 0 || moves == 3 else { throw ValidationError("A move needs --slots, --from and --to.") }
    }

    func run() async throws {
      let events = try file.map { try Firedrill.migrationEvents(from: $0) } ?? [try single()]
      let published = try Firedrill.publish(events, ledger: ledger.path)
      if common.json {
        try Terminal.sayJSON(published)
      } else if !common.quiet {
        Terminal.say(PublishedText(published).text(Terminal.style))
      }
    }

    private func single() throws -> MigrationPublication {
      guard let stage = MigrationStage(rawValue: stage ?? "") else {
        throw DrillError(
          .usage, subject: stage ?? "",
          detail: "no such stage; there are \(MigrationStage.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      return MigrationPublication(
        id: id ?? "", cluster: cluster ?? "", migration: migration ?? "", stage: stage,
        at: try at.map { try Firedrill.time($0) },
        moves: try slots.map { [.init(slots: try Firedrill.slots($0), source: from ?? "", target: to ?? "")] },
        backup: backup, note: note)
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show",
      abstract: "Show a migration: which stage, since when, which slots, what is verified, what is missing.",
      discussion: """
        Without a name, the migration that is open, or else the last one.

        EXAMPLE
          firedrill migration show --cluster shop
          firedrill migration show reshard-7 --cluster shop --html reshard-7.html
        """)

    @Argument(help: "The migration's name.") var name: String?
    @Option(name: .long, help: "The cluster's name.") var cluster: String
    @Option(name: .long, help: "Also write it as one HTML file.", completion: .file()) var html: String?
    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      let timeline = try Firedrill.migration(name, cluster: cluster, ledger: ledger.path)
      if let html { try Firedrill.write(MigrationHTML(timeline).text(), to: Workplace.absolute(html)) }
      if common.json {
        try Terminal.sayJSON(timeline)
      } else if !common.quiet {
        Terminal.say(MigrationText(timeline).text(Terminal.style))
      }
    }
  }
}
