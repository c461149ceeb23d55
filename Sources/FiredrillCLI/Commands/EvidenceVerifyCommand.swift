import ArgumentParser
import DrillEvidence
import DrillModel
import Firedrill

struct EvidenceVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Verify an archive of evidence, offline. Exit 0 genuine, 1 not.",
    discussion: """
      Every file is accounted for; every statement, proof, head, signature and time stamp is verified. Nothing is believed that no trusted key signed; a key that lies in the archive is
      no reason to trust it.

      EXAMPLE
        firedrill evidence verify january.tar --trust audit.pub --ca roots.pem --tsa-ca tsa.pem --previous december.tar
      """)

  @Argument(help: "The archive.", completion: .file(extensions: ["tar"]))
  var archive: String

  @Option(name: .long, help: "A public key that you trust; repeat for more.", completion: .file())
  var trust: [String]

  @Option(
    name: .long, help: "Root certificates that you trust, in PEM: the CMS signature must lead to one.",
    completion: .file())
  var ca: String?

  @Option(name: .long, help: "Root certificates of time-stamp authorities that you trust, in PEM.", completion: .file())
  var tsaCa: String?

  @Option(
    name: .long,
    help: "An earlier archive, or a tree head that you kept, which must be a beginning of this one; repeat for more.",
    completion: .file())
  var previous: [String] = []

  @Option(name: .long, help: "A reviewer's sign-off; repeat for more.", completion: .file())
  var signOff: [String] = []

  @Option(name: .long, help: "How many different trusted keys must have signed, the exporter's included.")
  var signers = 1

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let files = EvidenceTrustFiles(
      keys: trust, roots: ca, stampRoots: tsaCa, previous: previous, signOffs: signOff, minimumSigners: signers)
    let verification = try Firedrill.verifyEvidence(archive, trust: files)
    if common.json {
      try Terminal.sayJSON(verification)
    } else if !common.quiet || !verification.isSound {
      Terminal.say(EvidenceText(verification).text(Terminal.style))
    }
    if !verification.isSound { throw CommandOutcome(status: .fail) }
  }
}
