/// An engine whose stores have users with rules of their own.
public protocol AccessDescribing: Engine {
  /// Reads an access list as the store writes it, or as a person does.
  ///
  /// - Throws: `DrillError` with `bad-file`, naming the line and never a password.
  func accessList(_ text: String) throws -> AccessList
}

/// A live cluster whose servers tell their access lists.
public protocol AccessTelling: LiveCluster {
  /// The list of each shard's server, as it writes it; an error where the user that we are may not ask.
  func accessLists() async -> [String: Result<String, DrillError>]
}

/// A sandbox that can be given users, and be entered as each of them.
public protocol AccessControlled: Sandbox {
  /// Gives each server its restored list, holds what it then says against it, and tries what every user may do.
  ///
  /// MUST come last: from then on nobody is let in as before. MUST write to no record.
  func tryAccess(_ plan: AccessPlan) async throws -> [AccessFacts]
}

/// What to load, and what is expected of it.
public struct AccessPlan: Sendable {
  /// Shard → the access list that the backup holds.
  public var restored: [String: String]
  /// The rules that every shard should have; nil: those of its own list.
  public var expected: AccessList?
  public var seed: UInt64

  public init(restored: [String: String], expected: AccessList?, seed: UInt64) {
    self.restored = restored
    self.expected = expected
    self.seed = seed
  }
}

/// What came of trying one shard's users.
public struct AccessFacts: Hashable, Sendable {
  public var shard: String
  /// What the server says that its list is, once it was given the restored one.
  public var served: AccessList
  /// Rules that the server did not take: user → what it said.
  public var refused: [String: String]
  /// Whether somebody came in who had no password of any user.
  public var entries: [Entry]
  public var trials: [Trial]

  public init(shard: String, served: AccessList, refused: [String: String], entries: [Entry], trials: [Trial]) {
    self.shard = shard
    self.served = served
    self.refused = refused
    self.entries = entries
    self.trials = trials
  }

  /// An attempt to come in.
  public struct Entry: Hashable, Sendable {
    /// Nil: without saying who.
    public var user: String?
    public var cameIn: Bool

    public init(user: String?, cameIn: Bool) {
      self.user = user
      self.cameIn = cameIn
    }
  }

  /// A command that a user sent.
  public struct Trial: Hashable, Sendable {
    public var user: String
    /// As it was sent; keys in it are made up after the patterns, and are none of the data's.
    public var command: String
    public var isExpected: Bool
    /// Whether the server let the user run it, whatever came of it.
    public var wasAllowed: Bool

    public init(user: String, command: String, isExpected: Bool, wasAllowed: Bool) {
      self.user = user
      self.command = command
      self.isExpected = isExpected
      self.wasAllowed = wasAllowed
    }
  }
}
