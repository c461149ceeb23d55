/// Who may do what on a server: its users with their rules, in canonical form.
public struct AccessList: Hashable, Sendable {
  public var users: [String: AccessUser]

  public init(users: [String: AccessUser]) { self.users = users }
}

/// A user's rules.
public struct AccessUser: Hashable, Sendable {
  public var isOn: Bool
  /// Whether any password will do.
  public var takesAnyPassword: Bool
  /// SHA-256 of each password, hexadecimal.
  public var passwords: Set<String>
  /// What it may do: the root's rules first, then those of each selector. Any one of them suffices for a command.
  public var selectors: [AccessSelector]

  public init(
    isOn: Bool = false, takesAnyPassword: Bool = false, passwords: Set<String> = [],
    selectors: [AccessSelector] = [AccessSelector()]
  ) {
    self.isOn = isOn
    self.takesAnyPassword = takesAnyPassword
    self.passwords = passwords
    self.selectors = selectors
  }

  /// Whether anybody comes in as this user.
  public var isOpen: Bool { isOn && takesAnyPassword }
}

/// What a user may do on which keys and channels.
public struct AccessSelector: Hashable, Sendable {
  /// Rules on commands and categories. Those of one group add, or take away, and their order among themselves says
  /// nothing; the order of the groups does.
  public var commands: [CommandRules]
  public var keys: Set<KeyPattern>
  public var channels: Set<String>

  public init(
    commands: [CommandRules] = [CommandRules(allows: false, names: [CommandRules.all])], keys: Set<KeyPattern> = [],
    channels: Set<String> = []
  ) {
    self.commands = commands
    self.keys = keys
    self.channels = channels
  }

  public struct CommandRules: Hashable, Sendable {
    public static let all = "@all"
    public var allows: Bool
    /// Commands (`get`, `config|get`) and categories (`@read`), in lower case.
    public var names: Set<String>

    public init(allows: Bool, names: Set<String>) {
      self.allows = allows
      self.names = names
    }
  }

  /// A glob-style pattern, and what may be done with the keys that it matches.
  public struct KeyPattern: Hashable, Sendable {
    public var pattern: String
    public var reads: Bool
    public var writes: Bool

    public init(_ pattern: String, reads: Bool = true, writes: Bool = true) {
      self.pattern = pattern
      self.reads = reads
      self.writes = writes
    }
  }
}
