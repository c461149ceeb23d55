import DrillCrypto
import DrillModel

/// One in-toto statement of an archive: about a leaf of the ledger, or concluded from several.
public struct EvidenceStatement: Hashable, Sendable {
  /// What it is about: a leaf's kind, or `missed-drill`, `finding`, `policy-change`.
  public var kind: String
  public var cluster: String?
  /// The leaf that it repeats; nil where it is concluded.
  public var leaf: Int?
  var subjects: [(name: String, digest: Digest)]
  /// Canonical JSON.
  package var predicate: [UInt8]

  static func predicateType(_ kind: String) -> String { "https://firedrill.dev/evidence/\(kind)/v1" }

  public static func == (a: Self, b: Self) -> Bool { a.payload == b.payload }
  public func hash(into hasher: inout Hasher) { hasher.combine(payload) }

  /// The statement's canonical JSON. Source: in-toto attestation framework, spec/v1/statement.md.
  var payload: [UInt8] {
    let subjects = subjects.map { subject in
      CanonicalObject.encode([
        "digest": CanonicalObject.encode(["sha256": CanonicalObject.text(subject.digest.hex)]),
        "name": CanonicalObject.text(subject.name),
      ])
    }
    return CanonicalObject.encode([
      "_type": CanonicalObject.text("https://in-toto.io/Statement/v1"), "predicate": predicate,
      "predicateType": CanonicalObject.text(EvidenceStatement.predicateType(kind)),
      "subject": CanonicalObject.list(subjects),
    ])
  }
}

/// Canonical JSON put together from parts that are canonical JSON themselves, so that what was recorded is repeated to the byte.
enum CanonicalObject {
  static func encode(_ members: [String: [UInt8]]) -> [UInt8] {
    var bytes: [UInt8] = [UInt8(ascii: "{")]
    for (index, name) in members.keys.sorted().enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes += text(name) + [UInt8(ascii: ":")] + (members[name] ?? [])
    }
    return bytes + [UInt8(ascii: "}")]
  }

  static func list(_ elements: [[UInt8]]) -> [UInt8] {
    [UInt8(ascii: "[")] + elements.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
  }

  /// A string as a JSON string. Source: RFC 8259, section 7.
  static func text(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = [UInt8(ascii: "\"")]
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20:
        let hex = String(byte, radix: 16)
        bytes += Array("\\u00\(hex.utf8.count == 1 ? "0" : "")\(hex)".utf8)
      default: bytes.append(byte)
      }
    }
    return bytes + [UInt8(ascii: "\"")]
  }
}
