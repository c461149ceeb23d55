/// "Could not look": what stops a stage, and makes its part of a verdict inconclusive. Matched by ``code``, never by text.
public struct DrillError: Error, Sendable, CustomStringConvertible {
  public var code: Code
  public var stage: Stage?
  /// What it is about: a file's name, a node, a key of a YAML file.
  public var subject: String
  /// One sentence with what happened and, where it helps, what to do.
  public var detail: String
  public var underlying: (any Error)?

  public init(_ code: Code, stage: Stage? = nil, subject: String = "", detail: String, underlying: (any Error)? = nil) {
    self.code = code
    self.stage = stage
    self.subject = subject
    self.detail = detail
    self.underlying = underlying
  }

  public var description: String { subject.isEmpty ? detail : "\(subject): \(detail)" }

  /// Stable codes.
  public enum Code: String, Sendable, Codable, CaseIterable {
    /// A flag, URL or combination that makes no sense.
    case usage
    /// A drill, cluster or workload file that is not of the documented form; the subject says file, line and column.
    case badFile = "bad-file"
    case keyUnreadable = "key-unreadable"
    case catalogEmpty = "catalog-empty"
    case catalogUnwritable = "catalog-unwritable"
    case noSuchBackup = "no-such-backup"
    case noSuchRun = "no-such-run"
    case artifactUnreadable = "artifact-io"
    /// rclone, which fetches from remote catalogs, is not installed or too old.
    case rcloneMissing = "rclone-missing"
    /// What a remote catalog holds could not be listed or fetched, or changed meanwhile.
    case fetchFailed = "fetch-failed"
    /// A backup does not fit into the cache of a remote catalog.
    case cacheFull = "cache-full"
    /// A program that decodes artifacts is not installed, or an encoding is not known here.
    case filterMissing = "filter-missing"
    /// A program that encodes or decodes artifacts could not do its work, for a reason of this machine's.
    case filterFailed = "filter-failed"
    /// The place of an artifact cannot say whether it can be changed.
    case immutabilityUnknown = "immutability-unknown"
    case serverMissing = "server-missing"
    /// A module that the data needs is not in the sandbox's server.
    case moduleMissing = "module-missing"
    case serverFailed = "server-failed"
    /// A store needs a module, function or collation that this program has not.
    case featureMissing = "feature-missing"
    case isolationUnavailable = "isolation-unavailable"
    case sandboxIsLive = "sandbox-is-live"
    case unreachable
    case authenticationFailed = "authentication-failed"
    case permissionDenied = "permission-denied"
    /// The server's certificate is no longer valid; the detail says since when.
    case certificateExpired = "certificate-expired"
    case certificateNotYetValid = "certificate-not-yet-valid"
    /// The server's certificate names others than the server that was meant.
    case certificateWrongName = "certificate-wrong-name"
    /// No trusted authority stands behind the server's certificate.
    case certificateUntrusted = "certificate-untrusted"
    /// The server wants a certificate of ours, and was shown none.
    case clientCertificateNeeded = "client-certificate-needed"
    /// The server does not take the certificate that it was shown.
    case clientCertificateRefused = "client-certificate-refused"
    /// TLS was asked for, and the server speaks in plain.
    case tlsNotOffered = "tls-not-offered"
    /// The server speaks TLS alone, and was spoken to in plain.
    case tlsRequired = "tls-required"
    case tlsFailed = "tls-failed"
    case protocolViolation = "protocol-violation"
    case timedOut = "timed-out"
    case storeMoved = "store-moved"
    /// Production is guarded: the cost does not fit what the cluster file allows.
    case captureRefused = "capture-refused"
    /// The proof of one cut failed: the capture is not called coherent.
    case notCoherent = "not-coherent"
    case referenceUnavailable = "reference-unavailable"
    /// The reference answers too many questions otherwise when it is asked again.
    case referenceUnsteady = "reference-unsteady"
    case memoryBudget = "memory-budget"
    /// An open loop that could not keep up with its own schedule measured itself.
    case generatorSaturated = "generator-saturated"
    case ledgerUnwritable = "ledger-unwritable"
    case ledgerDamaged = "ledger-damaged"
    case coverageOpen = "coverage-open"
    /// An event's id is taken by one that says something else.
    case eventDiffers = "event-differs"
    /// An event of a migration that never was planned.
    case migrationUnknown = "migration-unknown"
    /// An event that a migration's stage does not admit, or that lies before one that is recorded.
    case eventOutOfOrder = "event-out-of-order"
    case eventFromFuture = "event-from-future"
    /// Another process runs this drill.
    case alreadyRunning = "already-running"
    case interrupted
    case io
  }
}
