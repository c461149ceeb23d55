/// What a run's own checks made of faults that were planted in copies of what they had looked at.
///
/// Each fault is seeded, proven to have changed something, and given to the checks of the run with the run's own values. A run whose
/// checks let one pass says nothing for certain.
public struct SelfTest: Hashable, Sendable, Codable {
  /// With the backup's id it decides which faults are planted, and where.
  public var seed: UInt64
  /// Faults that the drill wants planted; at least one.
  public var asked: Int
  /// In the order in which they were planted.
  public var planted: [Planted]
  /// Parts in which none could be planted.
  public var omitted: [Omission]
  /// Bytes that were written for it, below the run's folder.
  public var bytesCopied: UInt64
  public var elapsedMs: Double

  public init(
    seed: UInt64, asked: Int, planted: [Planted] = [], omitted: [Omission] = [], bytesCopied: UInt64 = 0,
    elapsedMs: Double = 0
  ) {
    self.seed = seed
    self.asked = asked
    self.planted = planted
    self.omitted = omitted
    self.bytesCopied = bytesCopied
    self.elapsedMs = elapsedMs
  }

  /// What a fault is planted in, by what should find it; in the order of the stages.
  public enum Part: String, Sendable, Codable, CaseIterable {
    /// A backup's manifest and its signature.
    case manifest
    /// Stored bytes, after they were sealed.
    case bytes
    /// Stored bytes, before they were sealed: digest and size are those of the damage.
    case format
    /// Records on their way from an artifact into a shard that may not hold them.
    case placement
    /// Records on their way back from the sandbox, against the artifact.
    case restored
    /// Records on their way back from the sandbox, against the live servers' counts.
    case counts
    /// Records on their way back from the sandbox, against the source's fingerprint.
    case content
    /// Answers of the sandbox.
    case answers
  }

  public struct Planted: Hashable, Sendable, Codable {
    public var part: Part
    /// What was done: `flip-byte`, `record-dropped`, `answer-changed`.
    public var fault: String
    /// Where: an artifact with its offset, a shard with its slot; never a key or a value.
    public var place: String
    /// The findings of which one has to come of it.
    public var expected: [FindingCode]
    /// The findings that came of it, each once: those about the place that are not there without the fault.
    public var found: [FindingCode]

    public init(part: Part, fault: String, place: String, expected: [FindingCode], found: [FindingCode]) {
      self.part = part
      self.fault = fault
      self.place = place
      self.expected = expected
      self.found = found
    }

    public var isCaught: Bool { found.contains { expected.contains($0) } }
  }

  public struct Omission: Hashable, Sendable, Codable {
    public var part: Part
    public var reason: String

    public init(_ part: Part, reason: String) {
      self.part = part
      self.reason = reason
    }
  }

  public var caught: Int { planted.count { $0.isCaught } }

  /// Whether as many were planted as the drill wants, and every one was found.
  public var isSound: Bool { tally.isSound }

  public var tally: Tally { Tally(asked: asked, planted: planted.count, caught: caught) }

  /// What outlives the details.
  public struct Tally: Hashable, Sendable, Codable {
    public var asked: Int
    public var planted: Int
    public var caught: Int

    public init(asked: Int, planted: Int, caught: Int) {
      self.asked = asked
      self.planted = planted
      self.caught = caught
    }

    /// Whether as many were planted as the drill wants, and every one was found.
    public var isSound: Bool { asked > 0 && planted >= asked && caught == planted }
  }
}
