import DrillCrypto
import DrillModel

/// The list of digests that `sha256sum -c` takes: digest, two spaces, name, a line each, sorted by name.
enum DigestList {
  static func encode(_ files: [String: [UInt8]]) -> [UInt8] {
    Array(files.keys.sorted().map { "\(SHA256.digest(files[$0] ?? []).hex)  \($0)\n" }.joined().utf8)
  }

  /// Nil for any other form.
  static func decode(_ bytes: [UInt8]) -> [String: Digest]? {
    guard let text = String(validating: bytes, as: UTF8.self), text.hasSuffix("\n") else { return nil }
    var digests: [String: Digest] = [:]
    for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
      guard line.utf8.count > 66, let digest = Digest(hex: String(line.prefix(64))), line.dropFirst(64).hasPrefix("  "),
        digests.updateValue(digest, forKey: String(line.dropFirst(66))) == nil
      else { return nil }
    }
    return digests
  }
}
