/// One attempt to get out of a sandbox, or into it, and how it ended.
public struct IsolationTrial: Hashable, Sendable, Codable {
  public var kind: Kind
  public var outcome: Outcome
  /// What was tried and what came of it, or why it was not tried; one sentence, without paths.
  public var detail: String

  public init(_ kind: Kind, _ outcome: Outcome, _ detail: String) {
    self.kind = kind
    self.outcome = outcome
    self.detail = detail
  }

  /// What is tried.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// From inside: a listener that is open on loopback TCP.
    case tcpLoopback = "tcp-loopback"
    /// From inside: a listener that is open at an address of the machine that is not loopback.
    case tcpElsewhere = "tcp-elsewhere"
    /// From inside: the live cluster's endpoints.
    case liveEndpoint = "live-endpoint"
    /// From inside: a unix socket that has a name and no file.
    case abstractSocket = "abstract-socket"
    /// The server listens on no TCP port.
    case listensOnTCP = "listens-on-tcp"
    /// Another user of the machine opens the sandbox's folder, files or socket.
    case otherUser = "other-user"
    /// More memory than the limit is asked for.
    case memoryLimit = "memory-limit"
    /// One more process is started.
    case processLimit = "process-limit"
    /// A crash writes memory to disk.
    case coreDump = "core-dump"

    /// The least isolation that promises that this trial holds; nil: none does on every machine.
    public var promisedBy: Isolation? {
      switch self {
      case .otherUser: .folder
      case .listensOnTCP, .memoryLimit, .coreDump: .process
      case .tcpLoopback, .tcpElsewhere, .liveEndpoint, .abstractSocket: .namespaces
      case .processLimit: nil
      }
    }
  }

  public enum Outcome: String, Sendable, Codable, CaseIterable {
    /// There is nothing to try: no server, no live endpoint.
    case notApplicable = "not-applicable"
    case held
    case notTried = "not-tried"
    /// It got through.
    case failed

    fileprivate var rank: Int { Outcome.allCases.firstIndex(of: self) ?? 0 }
  }

  /// The one of two trials of a kind that proves less.
  func weaker(_ other: IsolationTrial) -> IsolationTrial { other.outcome.rank > outcome.rank ? other : self }
}
