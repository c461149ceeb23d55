public import ArgumentParser
import DrillEvidence
import DrillModel
public import Firedrill
import Foundation

struct ScheduleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule", abstract: "When drills run by themselves, and which were missed.",
    discussion: """
      A calendar is systemd's ("Mon..Fri 04:00 Europe/Berlin") or cron's five fields ("0 4 * * 1-5", with the zone after them). Without a zone it is UTC.

      EXAMPLE
        firedrill schedule render nightly.yaml --calendar "04:00 UTC" -o /etc/systemd/system
        firedrill schedule declare nightly.yaml --calendar "04:00 UTC" --grace 2h
        firedrill schedule list
      """,
    subcommands: [Render.self, Declare.self, End.self, List.self])

  func run() async throws { throw CommandOutcome(helpFor: Self.self) }

  struct Render: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "render", abstract: "Write systemd units or a crontab line that run a drill.",
      discussion: """
        EXAMPLE
          firedrill schedule render nightly.yaml --calendar "Mon..Fri 04:00 Europe/Berlin" -o /etc/systemd/system
          firedrill schedule render nightly.yaml --calendar "0 4 * * *" --format cron
        """)

    @Argument(help: "The drill file.", completion: .file(extensions: ["yaml", "yml"])) var drill: String
    @Option(name: .long, help: "When it is due.") var calendar: String
    @Option(name: .long, help: "systemd or cron.") var format = RenderRequest.Format.systemd
    @Option(name: .shortAndLong, help: "Folder to write into; by default everything goes to standard output.")
    var output: String?
    @Option(name: .long, help: "User to run as; by default yours, unless that is root.") var user: String?
    @Option(name: .long, help: "Path of firedrill; by default this one.") var executable: String?
    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      let files = try Firedrill.renderSchedule(
        RenderRequest(
          drill: drill, calendar: calendar, format: format, executable: executable ?? own ?? "/usr/bin/firedrill",
          ledger: ledger.ledger, user: user ?? (getuid() == 0 ? nil : NSUserName())))
      if common.json { try Terminal.sayJSON(files) }
      guard let output else {
        if !common.json {
          Terminal.say(files.map { files.count > 1 ? "# \($0.name)\n\($0.text)" : $0.text }.joined(separator: "\n"))
        }
        return
      }
      for file in files {
        let path = Workplace.absolute(output) + "/" + file.name
        do {
          try Data(file.text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
          throw DrillError(.io, subject: path, detail: "cannot be written", underlying: error)
        }
        if !common.json, !common.quiet { Terminal.say("wrote \(path)") }
      }
      if !common.json, !common.quiet, format == .systemd, let timer = files.last {
        Terminal.note("next: systemctl daemon-reload && systemctl enable --now \(timer.name)")
      }
    }
  }

  struct Declare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "declare", abstract: "Put a drill's schedule into the ledger: a due time without a run is missed.",
      discussion: """
        A later declaration replaces an earlier one of the same drill and cluster.

        EXAMPLE
          firedrill schedule declare nightly.yaml --calendar "04:00 UTC" --grace 2h
        """)

    @Argument(help: "The drill file.", completion: .file(extensions: ["yaml", "yml"])) var drill: String
    @Option(name: .long, help: "When it is due.") var calendar: String
    @Option(name: .long, help: "How long after a due time its run may begin.") var grace = "1h"
    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      let declared = try Firedrill.declareSchedule(
        drill: drill, calendar: calendar, grace: Firedrill.duration(grace), ledger: ledger.ledger)
      let next = try DrillCalendar(calendar).next(after: .now)
      if common.json {
        try Terminal.sayJSON(declared)
      } else if !common.quiet {
        let due = next.map { ", next at \($0)" } ?? ""
        Terminal.say("drill \(declared.drill) of cluster \(declared.cluster) is due by '\(calendar)'\(due)")
      }
    }
  }

  struct End: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "end", abstract: "End a drill's schedule; what was missed until now stays missed.",
      discussion: """
        EXAMPLE
          firedrill schedule end nightly.yaml
          firedrill schedule end nightly
        """)

    @Argument(help: "The drill file, or the drill's name.") var drill: String
    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      let ended = try Firedrill.endSchedule(drill: drill, ledger: ledger.ledger)
      if common.json {
        try Terminal.sayJSON(ended)
      } else if !common.quiet {
        for schedule in ended {
          Terminal.say("drill \(schedule.drill) of cluster \(schedule.cluster) is due no longer")
        }
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "List schedules in force, with what was missed.",
      discussion: """
        EXAMPLE
          firedrill schedule list
        """)

    @Option(name: .long, help: "Only drills of this cluster.") var cluster: String?
    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      let now = Instant.now
      let history = try Ledger.open(at: ledger.path, mode: .readOnly).history(of: cluster)
      let listing = ScheduleListing(history, at: now)
      if common.json {
        try Terminal.sayJSON(Document(schedules: listing.schedules, missed: listing.missed))
      } else {
        Terminal.say(listing.text(Terminal.style))
      }
    }

    private struct Document: Encodable {
      var schedules: [DeclaredSchedule]
      var missed: [MissedDrill]
    }
  }
}

extension RenderRequest.Format: ExpressibleByArgument {}
