public import DrillCrypto
public import DrillModel
import Foundation

/// A decision as `--format json` prints it: readable, and where it was recorded with the members of a DSSE envelope beside it, so that
/// `firedrill gate verify` and every other reader of envelopes takes the same file.
///
/// Only the payload is signed; the readable part repeats it, and `gate verify` refuses a file in which the two differ. Keys may be added; none changes its meaning.
public struct GateDocument: Codable, Sendable {
  public var outcome: GateOutcome
  public var exitStatus: Int32
  public var decision: GateDecision
  /// Why the ledger does not hold the decision; absent where it does.
  public var notRecorded: String?
  // Of the envelope.
  public var payloadType: String?
  public var payload: String?
  public var signatures: [Signature]?

  public struct Signature: Codable, Sendable {
    public var keyid: String?
    public var sig: String
  }

  public init(_ decision: GateDecision, envelope: Envelope?, recordingError: DrillError? = nil) {
    outcome = decision.outcome
    exitStatus = GateDocument.status(decision, recordingError).rawValue
    self.decision = decision
    notRecorded = recordingError.map { "\($0.code.rawValue): \($0.description)" }
    payloadType = envelope?.payloadType
    payload = envelope.map { Data($0.payload).base64EncodedString() }
    signatures = envelope.map {
      $0.signatures.map { Signature(keyid: $0.keyID, sig: Data($0.bytes).base64EncodedString()) }
    }
  }

  /// An open gate that nobody can check later is not open.
  public static func status(_ decision: GateDecision, _ recordingError: DrillError?) -> ExitStatus {
    recordingError != nil && decision.outcome == .open ? .inconclusive : decision.outcome.exitStatus
  }

  /// Whether the readable part of a file, where it has one, says what was signed.
  static func repeats(_ signed: GateDecision, in bytes: [UInt8]) -> Bool {
    guard let text = try? JSONText(parsing: bytes) else { return false }
    if let outcome = text["outcome"], outcome.string != signed.outcome.rawValue { return false }
    guard text["decision"] != nil else { return true }
    struct Readable: Decodable { var decision: GateDecision }
    return (try? CanonicalJSON.decode(Readable.self, from: bytes).decision) == signed
  }
}
