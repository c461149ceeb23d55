import ArgumentParser
import DrillModel
import Firedrill

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "What is installed, which isolation this machine gives, and what to do about what is missing.",
    discussion: """
      EXAMPLE
        firedrill doctor
      """)

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let report = await Doctor.examine()
    if common.json { try Terminal.sayJSON(report) } else { Terminal.say(report.text) }
    if !report.isReady { throw CommandOutcome(status: .inconclusive) }
  }
}
