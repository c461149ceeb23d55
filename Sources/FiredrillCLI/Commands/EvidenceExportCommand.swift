import ArgumentParser
import DrillEvidence
import DrillModel
import Firedrill

struct EvidenceExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write what the ledger says of a period as one signed archive.",
    discussion: """
      The archive says itself how to verify it with openssl and sha256sum alone. It goes on from the last export that the ledger records, or from --previous: whatever was recorded in
      between is in it, also where it is dated back. The ledger is verified first, and that it was exported is recorded in it.

      EXAMPLE
        firedrill evidence export --from 2026-01-01 --to 2026-02-01 --key audit -o january.tar
        firedrill evidence export --from 30d --to 0s --cluster shop --key audit --cert chain.pem --cms-key audit-rsa.pem \\
          --tsa-command 'curl -sS -H "Content-Type: application/timestamp-query" --data-binary @- https://tsa.example/tsr' -o shop.tar
      """)

  @Option(name: .long, help: "Beginning of the period: 2026-01-31, 2026-01-31T04:00:00Z, or how long ago (30d).")
  var from: String

  @Option(name: .long, help: "End of the period, itself not in it, as --from; not later than now.")
  var to: String

  @Option(
    name: .long, help: "Only this cluster; repeat for more. Of others the archive holds the leaves' hashes alone.")
  var cluster: [String] = []

  @Option(name: .long, help: "The private key that signs (see firedrill keygen).", completion: .file())
  var key: String

  @Option(
    name: .long, help: "A certificate chain in PEM, the signer's first: adds a CMS signature.", completion: .file())
  var cert: String?

  @Option(
    name: .long, help: "The certificate's private key, ECDSA or RSA; needed where --key is Ed25519.",
    completion: .file())
  var cmsKey: String?

  @Option(name: .long, help: "A shell command: RFC 3161 query on standard input, reply on standard output.")
  var tsaCommand: String?

  @Option(name: .long, help: "An earlier archive, or a checkpoint, to go on from.", completion: .file())
  var previous: String?

  @Option(
    name: .long, help: "A catalog whose anchored tree heads the ledger must confirm; repeat for more.",
    completion: .directory)
  var anchors: [String] = []

  @Flag(name: .long, help: "Show keys in clear where runs recorded them so.")
  var showKeys = false

  @Option(name: [.customShort("o"), .long], help: "The archive to write; never overwritten.", completion: .file())
  var output: String

  @OptionGroup var ledger: LedgerOptions
  @OptionGroup var common: CommonOptions

  func run() async throws {
    let now = Instant.now
    var order = EvidenceOrder(
      ledger: ledger.path, from: try Firedrill.time(from, before: now), to: try Firedrill.time(to, before: now),
      key: key,
      output: output)
    order.clusters = cluster
    order.certificate = cert
    order.documentKey = cmsKey
    order.stampCommand = tsaCommand
    order.previous = previous
    order.anchors = anchors
    order.showsKeys = showKeys
    let receipt = try await interruptible { [order] in try await Firedrill.exportEvidence(order, at: now) }
    if common.json {
      try Terminal.sayJSON(receipt)
    } else if !common.quiet {
      Terminal.say(receipt.text(Terminal.style))
    }
  }
}
