import ArgumentParser
import Firedrill

/// What opens a backup that is stored encoded.
struct IdentityOptions: ParsableArguments {
  @Option(
    name: .customLong("identity"),
    help:
      "What opens a backup that is stored encrypted: an age identity, an OpenPGP secret key, a PEM file with key and certificate, or a YAML file of a drill's `keys:`; repeat for more.",
    completion: .file())
  var identities: [String] = []

  /// Nil for none.
  var section: KeySection? { get throws { try KeySection.named(identities) } }
}
