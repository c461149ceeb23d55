import DrillCrypto
import DrillModel
import Testing

@Suite("signed envelopes")
struct EnvelopeTests {
  @Test("the pre-authentication encoding is the published one")
  func encoding() {
    let bytes = Envelope.preAuthenticationEncoding(
      type: "http://example.com/HelloWorld", body: Array("hello world".utf8))
    #expect(String(decoding: bytes, as: UTF8.self) == "DSSEv1 29 http://example.com/HelloWorld 11 hello world")
  }

  @Test("an envelope verifies under its signers alone, each counted once", arguments: KeyAlgorithm.allCases)
  func signers(algorithm: KeyAlgorithm) throws {
    let key = try SigningKey.generate(algorithm)
    let other = try SigningKey.generate(.ed25519)
    var envelope = Envelope(payload: Array("{}".utf8))
    #expect(envelope.signers(among: [key.publicKey]).isEmpty)
    try envelope.sign(with: key)
    try envelope.sign(with: key)
    let read = try Envelope(parsing: envelope.encoded())
    #expect(read == envelope)
    #expect(read.signers(among: [key.publicKey, other.publicKey, key.publicKey]) == [key.publicKey])
    var edited = read
    edited.payload += [0x20]
    #expect(edited.signers(among: [key.publicKey]).isEmpty)
    edited = read
    edited.payloadType = "text/plain"
    #expect(edited.signers(among: [key.publicKey]).isEmpty)
    // A key id is a hint: a wrong one changes nothing.
    let renamed = Envelope(
      payload: read.payload, signatures: read.signatures.map { .init(keyID: other.publicKey.keyID, bytes: $0.bytes) })
    #expect(renamed.signers(among: [key.publicKey, other.publicKey]) == [key.publicKey])
  }

  @Test("both alphabets of base64 are read, with padding or without; anything else is not")
  func base64() throws {
    let bytes: [UInt8] = [0xfb, 0xff, 0xfe, 0x01]
    #expect(Base64.encode(bytes) == "+//+AQ==")
    for text in ["+//+AQ==", "-__-AQ==", "-__-AQ", "+//+AQ"] { #expect(Base64.decode(text) == bytes) }
    for text in ["+//+AQ=", "+//+A", "+//+AR==", "+_/+AQ==", "+//+AQ==\n", "+//+ AQ==", "====", "=", "é"] {
      #expect(Base64.decode(text) == nil, "\(text)")
    }
    for count in 0..<40 {
      let bytes = (0..<count).map { UInt8(($0 * 37 + count) & 255) }
      #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }
    let url = #"{"payloadType":"t","payload":"-__-AQ","signatures":[{"sig":"_w=="}],"later":1}"#
    #expect(
      try Envelope(parsing: Array(url.utf8))
        == Envelope(payloadType: "t", payload: bytes, signatures: [.init(keyID: nil, bytes: [255])]))
  }

  struct Claim: Codable, Hashable, Sendable {
    var name: String
    var count: UInt64
    var note: String?
    var parts: [Part]
    struct Part: Codable, Hashable, Sendable { var size: Int }
  }

  private static let claim = Claim(name: "ü/\"\n", count: .max, note: nil, parts: [.init(size: 1), .init(size: -2)])

  private func statement(_ claim: Claim = claim) -> Statement<Claim> {
    Statement(
      subjects: [.init(name: "a.rdb", sha256: SHA256.digest([]))], predicateType: "https://example.com/claim/v1",
      predicate: claim)
  }

  private func isRefused(_ text: String) -> Bool {
    (try? Statement<Claim>(payload: Array(text.utf8), predicateType: "https://example.com/claim/v1")) == nil
  }

  @Test("a statement survives being written, in the form that in-toto defines")
  func statements() throws {
    let payload = try statement().payload()
    #expect(try Statement<Claim>(payload: payload, predicateType: "https://example.com/claim/v1") == statement())
    let text = String(decoding: payload, as: UTF8.self)
    #expect(text.hasPrefix(#"{"_type":"https://in-toto.io/Statement/v1","predicate":{"#))
    #expect(
      text.contains(
        #""subject":[{"digest":{"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},"name":"a.rdb"}]"#
      ))
    let key = try SigningKey.generate(.ed25519)
    let envelope = try statement().sealed(with: [key])
    #expect(envelope.payloadType == "application/vnd.in-toto+json" && envelope.payloadDigest == SHA256.digest(payload))
  }

  @Test("what is not known, or stands twice, is refused wherever it stands")
  func strictness() throws {
    let text = String(decoding: try statement().payload(), as: UTF8.self)
    #expect(!isRefused(text))
    #expect(isRefused(text.replacing(#""_type""#, with: #""extra":1,"_type""#)))
    #expect(isRefused(text.replacing(#"{"size":1}"#, with: #"{"size":1,"more":null}"#)))
    #expect(isRefused(text.replacing(#"{"size":1}"#, with: #"{"size":1,"size":1}"#)))
    #expect(isRefused(text.replacing(#"{"size":1}"#, with: #"{"size":1,"s\u0069ze":1}"#)))
    #expect(isRefused(text.replacing(#"{"sha256":"#, with: #"{"md5":"00","sha256":"#)))
    #expect(isRefused(text.replacing("Statement/v1", with: "Statement/v2")))
    #expect(isRefused(text.replacing("claim/v1", with: "claim/v2")))
    #expect(isRefused(text + "x"))
    #expect(isRefused(text.replacing("e3b0c442", with: "E3B0C442")))
    for end in 0..<text.utf8.count { #expect(isRefused(String(decoding: Array(text.utf8).prefix(end), as: UTF8.self))) }
  }

  @Test("texts too deep or too large are refused, not followed")
  func limits() {
    let deep = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
    #expect(throws: JSONText.Refusal.self) { try JSONText(parsing: deep) }
    #expect(throws: StrictJSON.Refusal.self) { try Envelope(parsing: deep, sizeLimit: 100) }
  }

  @Test(
    "texts that are not JSON are refused",
    arguments: [
      "", "{", "[1,]", "{\"a\":1,}", "01", "1.", "-", "1e", "\"", "\"\\x\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "nul",
      "[1 2]", "'a'",
      "\"\u{1}\"", "{a:1}", "1 1", "+1", ".5",
    ])
  func notJSON(text: String) {
    #expect(throws: JSONText.Refusal.self) { try JSONText(parsing: Array(text.utf8)) }
  }

  @Test("bytes that are not UTF-8 are refused, escapes are read")
  func strings() throws {
    #expect(throws: JSONText.Refusal.self) { try JSONText(parsing: [0x22, 0xff, 0x22]) }
    #expect(
      try JSONText(parsing: Array(#" ["\u00fc\ud83d\ude00\n\/", -0.5e+3, true] "#.utf8))
        == .array([.string("ü😀\n/"), .number("-0.5e+3"), .bool(true)]))
  }
}
