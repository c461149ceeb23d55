/// A DSSE envelope: signed bytes with their type and any number of signatures.
///
/// Source: secure-systems-lab/dsse, protocol.md and envelope.md, v1.0.
public struct Envelope: Hashable, Sendable {
  /// The payload type of in-toto statements. Source: in-toto attestation framework, spec/v1/envelope.md.
  public static let inToto = "application/vnd.in-toto+json"

  public var payloadType: String
  public var payload: [UInt8]
  public private(set) var signatures: [Signature]

  public struct Signature: Hashable, Sendable {
    /// Unauthenticated: a hint for finding the key, it decides nothing.
    public var keyID: String?
    public var bytes: [UInt8]
    public init(keyID: String?, bytes: [UInt8]) {
      self.keyID = keyID
      self.bytes = bytes
    }
  }

  public init(payloadType: String = Envelope.inToto, payload: [UInt8], signatures: [Signature] = []) {
    self.payloadType = payloadType
    self.payload = payload
    self.signatures = signatures
  }

  /// What is signed: `DSSEv1 SP len(type) SP type SP len(body) SP body`, lengths in decimal bytes.
  public static func preAuthenticationEncoding(type: String, body: [UInt8]) -> [UInt8] {
    Array("DSSEv1 \(type.utf8.count) \(type) \(body.count) ".utf8) + body
  }

  public mutating func sign(with key: SigningKey) throws {
    let signature = try key.sign(Envelope.preAuthenticationEncoding(type: payloadType, body: payload))
    signatures.append(Signature(keyID: key.publicKey.keyID, bytes: signature))
  }

  /// The trusted keys that a signature verifies under, each once, however often it signed. Every signature is tried
  /// with every key: key ids decide nothing.
  public func signers(among trusted: [PublicKey]) -> Set<PublicKey> {
    let message = Envelope.preAuthenticationEncoding(type: payloadType, body: payload)
    return Set(trusted.filter { key in signatures.contains { key.verifies($0.bytes, of: message) } })
  }

  /// Reads the JSON form. Members that DSSE does not define are passed over, since nothing in an envelope but its
  /// payload is authenticated.
  ///
  /// - Throws: ``StrictJSON/Refusal`` in words.
  public init(parsing bytes: [UInt8], sizeLimit: Int = StrictJSON.sizeLimit) throws(StrictJSON.Refusal) {
    guard bytes.count <= sizeLimit else { throw StrictJSON.Refusal("larger than \(sizeLimit) bytes") }
    let text: JSONText
    do {
      text = try JSONText(parsing: bytes)
    } catch {
      throw StrictJSON.Refusal("\(error.reason) at byte \(error.offset)")
    }
    guard let type = text["payloadType"]?.string, let encoded = text["payload"]?.string,
      let list = text["signatures"]?.array
    else {
      throw StrictJSON.Refusal("not a DSSE envelope: payloadType, payload or signatures is missing")
    }
    guard let payload = Base64.decode(encoded) else {
      throw StrictJSON.Refusal("the payload is not base64")
    }
    guard list.count <= 64 else { throw StrictJSON.Refusal("more than 64 signatures") }
    var signatures: [Signature] = []
    for member in list {
      guard let sig = member["sig"]?.string, let bytes = Base64.decode(sig) else {
        throw StrictJSON.Refusal("a signature is not base64")
      }
      signatures.append(Signature(keyID: member["keyid"]?.string, bytes: bytes))
    }
    self.init(payloadType: type, payload: payload, signatures: signatures)
  }

  /// The JSON form, one line with a newline at its end.
  public func encoded() throws -> [UInt8] {
    let form = Form(
      payloadType: payloadType, payload: Base64.encode(payload),
      signatures: signatures.map { Form.Signature(keyid: $0.keyID, sig: Base64.encode($0.bytes)) })
    return try StrictJSON.encode(form) + [0x0a]
  }

  private struct Form: Encodable {
    let payloadType: String
    let payload: String
    let signatures: [Signature]
    struct Signature: Encodable {
      let keyid: String?
      let sig: String
    }
  }
}
