public import DrillModel

/// The head of a log's tree: what it is the head of, how many leaves, and their root.
///
/// Signed by an Ed25519 key it is a C2SP signed note around a tlog-checkpoint. Signed notes define no ECDSA, so that
/// a P-256 key signs the same checkpoint text in a DSSE envelope of type ``payloadType``;
/// ``init(verifying:trusted:)`` takes both.
/// Source: C2SP signed-note.md and tlog-checkpoint.md.
public struct TreeHead: Hashable, Sendable {
  public static let payloadType = "application/vnd.c2sp.tlog-checkpoint"

  /// Names the log, and is the key's name in the note: no spaces, no `+`, not empty.
  public var origin: String
  public var size: UInt64
  public var root: Digest

  /// - Throws: `usage` where `origin` cannot be a name in a note.
  public init(origin: String, size: UInt64, root: Digest) throws {
    guard TreeHead.isName(origin) else {
      throw DrillError(
        .usage, subject: "tree head", detail: "a log's origin has no white space, no control character and no `+`")
    }
    self.origin = origin
    self.size = size
    self.root = root
  }

  public init(origin: String, _ tree: MerkleTree) throws {
    try self.init(origin: origin, size: tree.size, root: tree.root)
  }

  /// The checkpoint: origin, size and root in base64, a line each.
  public var text: String { "\(origin)\n\(size)\n\(Base64.encode(root.bytes))\n" }

  /// Reads a checkpoint; nil for anything else. Extension lines are refused: this program writes none.
  public init?(text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 4, lines[3].isEmpty, let size = UInt64(lines[1]), String(size) == lines[1],
      let root = Base64.decode(String(lines[2])), root.count == 32,
      let head = try? TreeHead(origin: String(lines[0]), size: size, root: root.withUnsafeBytes { Digest($0) }),
      head.text == text
    else { return nil }
    self = head
  }

  /// The signed head: a note for Ed25519, an envelope for P-256.
  public func signed(with key: SigningKey) throws -> [UInt8] {
    switch key.algorithm {
    case .ed25519:
      let signature = TreeHead.noteKeyID(origin, key.publicKey) + (try key.sign(Array(text.utf8)))
      return Array("\(text)\n\u{2014} \(origin) \(Base64.encode(signature))\n".utf8)
    case .ecdsaP256:
      var envelope = Envelope(payloadType: TreeHead.payloadType, payload: Array(text.utf8))
      try envelope.sign(with: key)
      return try envelope.encoded()
    }
  }

  /// Reads a signed head of either form; nil unless one of the trusted keys signed it.
  public init?(verifying bytes: [UInt8], trusted: [PublicKey]) {
    guard bytes.count <= 1 << 20 else { return nil }
    if bytes.first == UInt8(ascii: "{") {
      guard let envelope = try? Envelope(parsing: bytes), envelope.payloadType == TreeHead.payloadType,
        !envelope.signers(among: trusted).isEmpty, let text = String(validating: envelope.payload, as: UTF8.self)
      else { return nil }
      self.init(text: text)
    } else {
      guard let note = String(validating: bytes, as: UTF8.self), let text = TreeHead.verifiedText(note, trusted) else {
        return nil
      }
      self.init(text: text)
    }
  }

  /// The text of a note that one of the keys signed under the name in its first line.
  private static func verifiedText(_ note: String, _ trusted: [PublicKey]) -> String? {
    let lines = note.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.last?.isEmpty == true, let blank = lines.dropLast().lastIndex(of: "") else { return nil }
    let text = lines[..<blank].joined(separator: "\n") + "\n"
    let origin = String(lines[0])
    for line in lines[(blank + 1)...].dropLast() {
      let words = line.split(separator: " ", omittingEmptySubsequences: false)
      guard words.count == 3, words[0] == "\u{2014}", words[1] == origin, let bytes = Base64.decode(String(words[2]))
      else { continue }
      for key in trusted where key.algorithm == .ed25519 && bytes.starts(with: noteKeyID(origin, key)) {
        if key.verifies(Array(bytes.dropFirst(4)), of: Array(text.utf8)) { return text }
      }
    }
    return nil
  }

  /// SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key), the first 4 bytes. Source: C2SP signed-note.md, "Signature types".
  private static func noteKeyID(_ name: String, _ key: PublicKey) -> [UInt8] {
    Array(SHA256.digest(Array(name.utf8) + [0x0a, 0x01] + key.raw).bytes.prefix(4))
  }

  private static func isName(_ name: String) -> Bool {
    !name.isEmpty
      && !name.unicodeScalars.contains {
        $0 == "+" || $0.properties.isWhitespace || $0.value < 0x20 || $0.value == 0x7f
      }
  }
}
