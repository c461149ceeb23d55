/// How the servers of a cluster are spoken to over TLS, and by what they are recognised.
///
/// There is no way to go without verification.
public struct TLSSettings: Hashable, Sendable {
  /// A PEM file of the authorities that are trusted; nil: those of this machine.
  public var authorities: String?
  /// A PEM file with our certificate and those above it, and one with its key; nil: we show none.
  public var certificate: String?
  public var key: String?
  /// What ``key`` is encrypted with; nil: it is not.
  public var keyPassword: Secret?
  /// The name that every server's certificate must bear, and that is asked for; nil: the host that it is reached by.
  public var serverName: String?
  public var verification: Verification

  public init(
    authorities: String? = nil, certificate: String? = nil, key: String? = nil, keyPassword: Secret? = nil,
    serverName: String? = nil, verification: Verification = .full
  ) {
    self.authorities = authorities
    self.certificate = certificate
    self.key = key
    self.keyPassword = keyPassword
    self.serverName = serverName
    self.verification = verification
  }

  /// What is said wherever ``Verification/authority`` was asked for.
  public static let unnamed =
    "the servers' names were not verified (`verify: ca`): any certificate of the authority was taken"

  public enum Verification: String, Hashable, Sendable, CaseIterable {
    /// A trusted authority, a time within the certificate's, and the server's name in it.
    case full
    /// All of that but the name: whoever holds any certificate of the authority may stand in for the server.
    case authority = "ca"
  }
}
