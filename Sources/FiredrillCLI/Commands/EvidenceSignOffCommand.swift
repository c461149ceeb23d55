import ArgumentParser
import Firedrill

struct EvidenceSignOffCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign-off", abstract: "Sign an archive off as its reviewer, with a key of your own.",
    discussion: """
      Writes a file beside the archive, signed over the same list of digests; hand both on, and verify them with --sign-off. Keys are counted, not signatures. Verify the archive first.

      EXAMPLE
        firedrill evidence sign-off january.tar --key reviewer --who 'R. Lee' --role 'internal audit'
      """)

  @Argument(help: "The archive.", completion: .file(extensions: ["tar"]))
  var archive: String

  @Option(name: .long, help: "The reviewer's private key (see firedrill keygen).", completion: .file())
  var key: String

  @Option(name: .long, help: "Who reviewed it.") var who: String
  @Option(name: .long, help: "As what.") var role: String
  @Option(name: .long, help: "What there is to say.") var note: String?

  @Option(
    name: [.customShort("o"), .long], help: "The file to write; by default beside the archive.", completion: .file())
  var output: String?

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let path = try Firedrill.signOffEvidence(archive, key: key, who: who, role: role, note: note, output: output)
    if common.json {
      try Terminal.sayJSON(["signOff": path])
    } else if !common.quiet {
      Terminal.say(path)
    }
  }
}
