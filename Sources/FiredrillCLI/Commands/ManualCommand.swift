import ArgumentParser
import DrillModel
import Foundation

/// Not for people: packages are made with it.
struct ManualCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual", abstract: "Print the manual page.", shouldDisplay: false)

  func run() throws {
    let dump = try JSONDecoder().decode(CommandDump.self, from: Data(FiredrillCommand._dumpHelp().utf8))
    // Source: reproducible-builds.org/specs/source-date-epoch.
    let time = ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"].flatMap { Int64($0) }
      .map { Instant(millisecondsSince1970: $0 * 1000) }
    Terminal.say(ManualPage(dump: dump, date: String((time ?? .now).description.prefix(10))).text)
  }
}
