import DrillCrypto

/// What is signed and the signature, apart, as `openssl` takes them.
struct SignedParts: Hashable {
  var signed: [UInt8]
  var signature: [UInt8]

  /// Nil where there is not exactly one signature.
  init?(_ envelope: Envelope) {
    guard envelope.signatures.count == 1 else { return nil }
    signed = Envelope.preAuthenticationEncoding(type: envelope.payloadType, body: envelope.payload)
    signature = envelope.signatures[0].bytes
  }

  /// The parts of a signed tree head: a note with one signature, or an envelope.
  init?(signedHead bytes: [UInt8]) {
    if bytes.first == UInt8(ascii: "{") {
      guard let parts = (try? Envelope(parsing: bytes)).flatMap({ SignedParts($0) }) else { return nil }
      self = parts
      return
    }
    guard let note = String(validating: bytes, as: UTF8.self), let gap = note.firstRange(of: "\n\n"),
      let encoded = note[gap.upperBound...].split(whereSeparator: \.isWhitespace).last,
      let signature = Base64.decode(String(encoded)), signature.count > 4
    else { return nil }
    signed = Array((note[..<gap.lowerBound] + "\n").utf8)
    // The first 4 bytes are the key's id. Source: C2SP signed-note.md.
    self.signature = Array(signature.dropFirst(4))
  }

  func files(_ parts: String) -> [String: [UInt8]] {
    [EvidenceFile.signed(parts): signed, EvidenceFile.rawSignature(parts): signature]
  }
}
