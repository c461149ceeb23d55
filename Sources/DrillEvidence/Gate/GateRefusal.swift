/// Why a decision does not let anybody cut over.
public struct GateRefusal: Hashable, Sendable, Codable {
  public enum Code: String, Sendable, Codable, CaseIterable {
    /// Not an envelope around a gate decision of a known form.
    case notADecision = "not-a-decision"
    /// No trusted key signed it.
    case signatureUntrusted = "signature-untrusted"
    /// What stands beside the signed decision is not what was signed.
    case readableDiffers = "readable-differs"
    /// The outcome is not the one that its clauses make.
    case inconsistent
    case notOpen = "not-open"
    case expired
    /// It was made in what is still the future: a clock is wrong.
    case fromTheFuture = "from-the-future"
    /// The ledger is another one, or no longer holds what the decision was made from.
    case ledgerDiffers = "ledger-differs"
    /// The ledger does not hold the decision: its end was cut off, or it never was recorded.
    case notRecorded = "not-recorded"
    case newerEpoch = "newer-epoch"
    case newerCut = "newer-cut"
    case failingRun = "failing-run"
  }

  public var code: Code
  /// One sentence.
  public var detail: String

  public init(_ code: Code, _ detail: String) {
    self.code = code
    self.detail = detail
  }
}
