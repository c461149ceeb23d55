import ArgumentParser
import DrillModel
import Firedrill

@main
struct FiredrillCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "firedrill",
    abstract:
      "Proves that the backups of a sharded data store restore, and that the restored copy answers as production did.",
    discussion: """
      EXAMPLE
        firedrill keygen --out seal
        firedrill capture cluster.yaml --to /backups --key seal
        firedrill run nightly.yaml

      EXIT STATUS
      \(ExitStatus.allCases.map { "  \($0.rawValue)\t\($0.meaning)" }.joined(separator: "\n"))
      """,
    version: Firedrill.version,
    subcommands: [
      RunCommand.self, CaptureCommand.self, SealCommand.self, CheckCommand.self, InspectCommand.self, DiffCommand.self,
      FingerprintCommand.self, ReplayCommand.self, LocateCommand.self, CatalogCommand.self, ChainCommand.self,
      RetentionCommand.self,
      LedgerCommand.self,
      FindingsCommand.self,
      ExplainCommand.self, PlaybookCommand.self, GateCommand.self, TopologyCommand.self, MigrationCommand.self,
      ReportCommand.self, ServeCommand.self,
      ScenarioCommand.self,
      ScheduleCommand.self, EvidenceCommand.self, KeygenCommand.self, DoctorCommand.self, ManualCommand.self,
    ])

  /// Named without a subcommand: a job whose drill's name went missing must not look like a success.
  func run() async throws { throw CommandOutcome(helpFor: Self.self) }

  /// Parses, runs, and turns whatever comes out into one of the exit statuses.
  static func main() async {
    CoreDumps.forbid()
    let status: ExitStatus
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      status = .pass
    } catch let outcome as CommandOutcome {
      status = outcome.status
    } catch let error as DrillError {
      Terminal.complain(error)
      status = ExitStatus(error)
    } catch is CancellationError {
      Terminal.complain("interrupted; what it had started has been removed")
      status = .inconclusive
    } catch {
      // ArgumentParser's own: help and version end with 0, wrong usage with 64.
      exit(withError: error)
    }
    Terminal.exit(status)
  }
}

extension ExitStatus {
  /// What was asked wrongly is usage, what a migration's gates do not let pass is a failure; everything else that keeps from looking is inconclusive.
  init(_ error: DrillError) {
    switch error.code {
    case .usage, .badFile, .keyUnreadable, .noSuchBackup, .noSuchRun: self = .usage
    case .eventDiffers, .migrationUnknown, .eventOutOfOrder, .eventFromFuture: self = .fail
    default: self = .inconclusive
    }
  }
}

/// Ends a command with a status that is neither success nor an error to be explained.
struct CommandOutcome: Error {
  var status: ExitStatus

  init(status: ExitStatus) { self.status = status }

  /// Wrong usage of a command that only has subcommands: its help is the explanation.
  init(helpFor command: any ParsableCommand.Type) {
    Terminal.note(FiredrillCommand.helpMessage(for: command))
    status = .usage
  }
}
