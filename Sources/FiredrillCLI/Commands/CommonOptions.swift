import ArgumentParser
import Firedrill

/// What every command understands.
struct CommonOptions: ParsableArguments {
  @Flag(name: .long, help: "Print the result as JSON with sorted keys on standard output.")
  var json = false

  @Flag(name: .shortAndLong, help: "Print no progress, and no text where the exit status says it all.")
  var quiet = false

  var progress: Progress { Progress(isQuiet: quiet || json) }
}

/// Where runs are recorded.
struct LedgerOptions: ParsableArguments {
  @Option(
    name: .long,
    help: "The ledger; by default the drill's own, then $FIREDRILL_LEDGER, then firedrill-work/ledger.sqlite.")
  var ledger: String?

  var path: String { Workplace.ledgerPath(flag: ledger, drill: nil) }
}
