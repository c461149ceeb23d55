/// The names of the files in an archive of evidence.
enum EvidenceFile {
  static let readme = "README.md"
  static let sums = "SHA256SUMS"
  static let signature = "SHA256SUMS.cms"
  static let manifest = "manifest.json"
  static let manifestParts = "manifest"
  static let controlsCSV = "controls.csv"
  static let controlsJSON = "controls.json"
  static let gapsCSV = "gaps.csv"
  static let gapsJSON = "gaps.json"
  static let report = "report.html"
  static let signerKey = "keys/signer.pem"
  static let checkpoint = "ledger/checkpoint"
  static let consistency = "ledger/consistency.txt"
  static let hashes = "ledger/hashes.txt"
  static let excerpt = "ledger/excerpt.sqlite"
  static let statements = "statements/statements.jsonl"

  /// What a time stamp is over: the signature, where there is one, since that shows that it was made before its certificate expired.
  static func stamped(hasSignature: Bool) -> String { hasSignature ? signature : sums }
  static func query(for stamped: String) -> String { stamped + ".tsq" }
  static func reply(for stamped: String) -> String { stamped + ".tsr" }

  static func leaf(_ leaf: Int) -> String { "ledger/leaves/\(padded(leaf, 8)).json" }
  /// The signed decision of a gate whose leaf this is.
  static func decision(_ leaf: Int) -> String { "ledger/decisions/\(padded(leaf, 8)).json" }
  static func report(_ index: Int) -> String { "reports/\(padded(index, 2)).html" }
  static func proof(_ leaf: Int) -> String { "ledger/proofs/\(padded(leaf, 8)).txt" }
  /// The parts of envelope number `index`, to which ``signed(_:)`` and ``rawSignature(_:)`` add their ending.
  static func statement(_ index: Int) -> String { "statements/\(padded(index, 6))" }
  /// The bytes that were signed.
  static func signed(_ parts: String) -> String { parts + ".pae" }
  /// The signature alone.
  static func rawSignature(_ parts: String) -> String { parts + ".sig" }

  /// Files that the sums cannot name, since they are made from the sums.
  static func isOutsideSums(_ name: String) -> Bool {
    name == sums || name.hasPrefix(sums + ".") || name == manifest || name == signed(manifestParts)
      || name == rawSignature(manifestParts)
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
