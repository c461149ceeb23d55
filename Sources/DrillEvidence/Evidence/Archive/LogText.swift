import DrillCrypto
import DrillModel

/// Hashes and proofs as lines that a shell can read.
enum LogText {
  /// A hash a line.
  static func hashes(_ hashes: [Digest]) -> [UInt8] { hashes.flatMap { Array($0.hex.utf8) + [0x0a] } }

  /// Nil for any other form.
  static func hashes(_ bytes: [UInt8]) -> [Digest]? {
    guard bytes.count % 65 == 0 else { return nil }
    var hashes: [Digest] = []
    hashes.reserveCapacity(bytes.count / 65)
    for start in stride(from: 0, to: bytes.count, by: 65) {
      guard bytes[start + 64] == 0x0a,
        let hash = Digest(hex: String(decoding: bytes[start..<start + 64], as: UTF8.self))
      else { return nil }
      hashes.append(hash)
    }
    return hashes
  }

  /// The hashes beside the path from a leaf to the root, lowest first, each with the side on which it stands.
  static func proof(_ steps: [(isLeft: Bool, sibling: Digest)]) -> [UInt8] {
    Array(steps.map { "\($0.isLeft ? "left" : "right") \($0.sibling.hex)\n" }.joined().utf8)
  }

  /// Nil for any other form.
  static func proof(_ bytes: [UInt8]) -> [(isLeft: Bool, sibling: Digest)]? {
    guard let text = String(validating: bytes, as: UTF8.self), text.isEmpty || text.hasSuffix("\n") else { return nil }
    var steps: [(isLeft: Bool, sibling: Digest)] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      let words = line.split(separator: " ", omittingEmptySubsequences: false)
      guard words.count == 2, words[0] == "left" || words[0] == "right", let hash = Digest(hex: String(words[1])) else {
        return nil
      }
      steps.append((words[0] == "left", hash))
    }
    return steps
  }
}
