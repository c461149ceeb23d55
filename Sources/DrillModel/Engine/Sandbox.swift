/// An isolated, throw-away store that a backup was restored into; valid only inside the closure that it was handed to.
public protocol Sandbox: Store {
  var facts: SandboxFacts { get }
}

/// What to restore, and how.
public struct SandboxRequest: Sendable {
  public var files: [ArtifactFile]
  public var topology: Topology
  /// The sandbox's wall clock stands here for as long as it lives, so that records which have expired since can still be compared.
  public var clock: Instant
  /// A folder that belongs to this run alone, mode 0700; everything that the sandbox needs lives below it.
  public var folder: String
  /// The least isolation to accept.
  public var isolation: Isolation
  /// Trials of the isolation that have to hold; empty: they are made and recorded, and none is required.
  public var requiredProof: Set<IsolationTrial.Kind> = []
  /// Where the live cluster is reached: hidden from the sandbox where it is a unix socket.
  public var liveEndpoints: [Endpoint] = []
  /// Whether a connection to ``liveEndpoints`` may be opened and closed, to show that the sandbox's own are refused.
  public var mayConnectToLive = false
  /// Memory that each server may use; nil: what its artifact needs, estimated.
  public var memoryLimitBytes: UInt64?
  /// The servers' executables, of which the first that loads a shard's artifact is taken; empty: found on PATH.
  public var servers: [String]
  /// Paths of the modules that each server loads before the data; for stores that have modules.
  public var modules: [String]
  /// How long a server may take to be ready.
  public var loadTimeout: Duration
  public var events: DrillEventHandler

  public init(
    files: [ArtifactFile], topology: Topology, clock: Instant, folder: String, isolation: Isolation = .process,
    memoryLimitBytes: UInt64? = nil, servers: [String] = [], modules: [String] = [],
    loadTimeout: Duration = .seconds(600),
    events: @escaping DrillEventHandler = { _ in }
  ) {
    self.files = files
    self.topology = topology
    self.clock = clock
    self.folder = folder
    self.isolation = isolation
    self.memoryLimitBytes = memoryLimitBytes
    self.servers = servers
    self.modules = modules
    self.loadTimeout = loadTimeout
    self.events = events
  }
}

/// How far a sandbox is kept from everything else; each includes those before it.
public enum Isolation: String, Sendable, Codable, CaseIterable, Comparable {
  /// No separation beyond a private folder.
  case folder
  /// A process of its own: unix sockets only, own password, folder 0700, limited memory, ends with its parent.
  case process
  /// Namespaces of its own: no network, no sight of other processes, a read-only view of the machine.
  case namespaces

  public static func < (a: Isolation, b: Isolation) -> Bool { a.rank < b.rank }
  private var rank: Int { Isolation.allCases.firstIndex(of: self) ?? 0 }
}

public struct SandboxFacts: Hashable, Sendable, Codable {
  public var isolation: Isolation
  /// How the isolation is made, or why it is no better; one sentence.
  public var isolationDetail: String
  /// `redis 7.0.15`, `sqlite 3.40.1`.
  public var server: String
  /// Whether the clock stands at the cut.
  public var clockHeld: Bool
  public var phases: [PhaseTiming]
  /// What was tried of the isolation; nil in runs that were recorded before it was.
  public var proof: IsolationProof?

  public init(isolation: Isolation, isolationDetail: String, server: String, clockHeld: Bool, phases: [PhaseTiming]) {
    self.isolation = isolation
    self.isolationDetail = isolationDetail
    self.server = server
    self.clockHeld = clockHeld
    self.phases = phases
  }
}

/// A phase's time on the monotonic clock.
public struct PhaseTiming: Hashable, Sendable, Codable {
  public var phase: Phase
  public var shard: String?
  public var elapsedMs: Double

  public init(_ phase: Phase, shard: String? = nil, elapsed: Duration) {
    self.phase = phase
    self.shard = shard
    self.elapsedMs = elapsed.milliseconds
  }

  private enum CodingKeys: String, CodingKey {
    case phase, shard
    case elapsedMs = "elapsed_ms"
  }
}

/// Phases of a restore (``locate`` to ``firstAnswer``, which make up the restore time), and of the drill around it.
public enum Phase: String, Sendable, Codable, CaseIterable {
  case locate, fetch, open, copy, load, ready
  case firstAnswer = "first-answer"
  case capture, integrity, decode, fingerprint, replay, drift
  case underLoad = "under-load"

  public var isRestore: Bool {
    switch self {
    case .locate, .fetch, .open, .copy, .load, .ready, .firstAnswer: true
    case .capture, .integrity, .decode, .fingerprint, .replay, .drift, .underLoad: false
    }
  }
}

/// A real server refused the data, or ended while it loaded it: wrong data, not "could not look".
public struct RestoreRejected: Error, Sendable {
  public var shard: String
  /// The server's last words, without paths.
  public var serverLines: [String]
  /// The server says that the format's version is beyond it.
  public var isVersion: Bool

  public init(shard: String, serverLines: [String], isVersion: Bool = false) {
    self.shard = shard
    self.serverLines = serverLines
    self.isVersion = isVersion
  }
}

extension Duration {
  public var milliseconds: Double { Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15 }
  public var seconds: Double { milliseconds / 1e3 }
}
