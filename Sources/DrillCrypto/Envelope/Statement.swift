public import DrillModel

/// An in-toto Statement v1: a claim about files that are named by their digests.
///
/// Source: in-toto attestation framework, spec/v1/statement.md.
public struct Statement<Predicate: Codable & Hashable & Sendable>: Hashable, Sendable, Codable {
  public private(set) var type: String
  public var subjects: [Subject]
  public var predicateType: String
  public var predicate: Predicate

  /// - Parameter subjects: matched by digest alone; names are for people.
  public init(subjects: [Subject], predicateType: String, predicate: Predicate) {
    type = Statement.typeURI
    self.subjects = subjects
    self.predicateType = predicateType
    self.predicate = predicate
  }

  public struct Subject: Hashable, Sendable, Codable {
    public var name: String
    public var digest: DigestSet
    public init(name: String, sha256: Digest) {
      self.name = name
      digest = DigestSet(sha256: sha256)
    }
  }

  /// Lowercase hexadecimal by algorithm; we write and take SHA-256 alone.
  public struct DigestSet: Hashable, Sendable, Codable {
    public var sha256: Digest
  }

  static var typeURI: String { "https://in-toto.io/Statement/v1" }

  private enum CodingKeys: String, CodingKey {
    case type = "_type"
    case subjects = "subject"
    case predicateType, predicate
  }

  /// Reads the payload of an envelope strictly: another type of statement or predicate, and any member that is not
  /// known, are refused.
  ///
  /// - Throws: ``StrictJSON/Refusal`` in words.
  public init(payload: [UInt8], predicateType: String) throws(StrictJSON.Refusal) {
    let statement = try StrictJSON.decode(Statement.self, from: payload)
    guard statement.type == Statement.typeURI else {
      throw StrictJSON.Refusal("not an in-toto Statement v1")
    }
    guard statement.predicateType == predicateType else {
      throw StrictJSON.Refusal("the predicate is of another type than \(predicateType)")
    }
    self = statement
  }

  /// The statement as bytes, ready to be signed.
  public func payload() throws -> [UInt8] { try StrictJSON.encode(self) }

  /// The statement in a signed envelope.
  public func sealed(with keys: [SigningKey]) throws -> Envelope {
    var envelope = Envelope(payload: try payload())
    for key in keys { try envelope.sign(with: key) }
    return envelope
  }
}

extension Manifest {
  /// The statement over a backup: its artifacts are the subjects.
  public var statement: Statement<Manifest> {
    Statement(
      subjects: artifacts.map { Statement.Subject(name: $0.name, sha256: $0.digest) },
      predicateType: Manifest.predicateType, predicate: self)
  }
}

extension Envelope {
  /// SHA-256 of the payload: how an incremental names its predecessor, and a run what it examined.
  public var payloadDigest: Digest { SHA256.digest(payload) }
}
