/// Whether a certificate leads to a root that is trusted, at a given time.
public enum ChainOutcome: Hashable, Sendable, Codable {
  case trusted
  /// A certificate of the chain had expired by then.
  case expired
  /// A certificate of the chain was not valid yet.
  case notYetValid
  /// It leads to no root that is trusted.
  case noTrustedRoot
  /// OpenSSL's word for what else is wrong.
  case refused(String)
}
