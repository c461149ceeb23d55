public import ArgumentParser
public import Firedrill

struct KeygenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keygen", abstract: "Make a key pair to seal backups with.",
    discussion: """
      Writes NAME (private, mode 0600; keep it where backups are made) and NAME.pub (name it under trust: in drills).

      EXAMPLE
        firedrill keygen --out seal
      """)

  @Option(name: .long, help: "Path and name of the pair, without ending.")
  var out: String

  @Option(name: .long, help: "ed25519 or p256.")
  var algorithm: Firedrill.KeyKind = .ed25519

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let pair = try Firedrill.keygen(out: out, kind: algorithm)
    if common.json {
      try Terminal.sayJSON(pair)
    } else if !common.quiet {
      Terminal.say("\(pair.privateKey)\n\(pair.publicKey)\nkey id \(pair.keyID)")
    }
  }
}

extension Firedrill.KeyKind: ExpressibleByArgument {}
