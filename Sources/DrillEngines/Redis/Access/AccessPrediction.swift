internal import DrillModel

/// What a user's rules let it do, worked out from the rules and the server's own list of categories.
struct AccessPrediction: Sendable {
  /// Category, without `@`, → its commands; subcommands as `config|get` since 7.0.
  var categories: [String: Set<String>]

  /// A command with the keys and channels that it touches.
  struct Attempt: Hashable, Sendable {
    var words: [String]
    var key: String?
    var reads = false
    var writes = false
    var channel: String?
  }

  /// Source: redis 7.0 src/acl.c `ACLCheckAllUserCommandPerm`: one selector has to allow the command and all that it
  /// touches.
  func allows(_ user: AccessUser, _ attempt: Attempt) -> Bool {
    user.selectors.contains { selector in
      allowsCommand(selector, attempt.words)
        && attempt.key.map { allowsKey(selector, $0, attempt) } ?? true
        && attempt.channel.map { channel in
          selector.channels.contains { GlobPattern($0).matches(channel) }
        } ?? true
    }
  }

  /// Source: redis 7.0 src/acl.c `ACLSelectorCheckKey`: one pattern has to match and to give every right.
  private func allowsKey(_ selector: AccessSelector, _ key: String, _ attempt: Attempt) -> Bool {
    selector.keys.contains { pattern in
      (pattern.reads || !attempt.reads) && (pattern.writes || !attempt.writes)
        && GlobPattern(pattern.pattern).matches(key)
    }
  }

  private func allowsCommand(_ selector: AccessSelector, _ words: [String]) -> Bool {
    let name = words[0].lowercased()
    let sub = words.count > 1 ? "\(name)|\(words[1].lowercased())" : name
    var isAllowed = false
    for rules in selector.commands where rules.names.contains(where: { covers($0, name, sub) }) {
      isAllowed = rules.allows
    }
    return isAllowed
  }

  private func covers(_ rule: String, _ name: String, _ sub: String) -> Bool {
    guard rule.hasPrefix("@") else { return rule == name || rule == sub }
    if rule == AccessSelector.CommandRules.all { return true }
    guard let commands = categories[String(rule.dropFirst())] else { return false }
    // Of a command with subcommands these are listed; one without is listed itself.
    return commands.contains(sub) || commands.contains(name) && !isContainer(name)
  }

  private func isContainer(_ name: String) -> Bool {
    categories.values.contains { $0.contains { $0.hasPrefix(name + "|") } }
  }
}

/// Redis' glob-style patterns. Source: redis 7.0 src/util.c `stringmatchlen`.
struct GlobPattern {
  private let pattern: [UInt8]

  init(_ pattern: String) { self.pattern = Array(pattern.utf8) }

  func matches(_ text: String) -> Bool { matches(pattern[...], Array(text.utf8)[...]) }

  private func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
    var (pattern, text) = (pattern, text)
    while let sign = pattern.first {
      switch sign {
      case UInt8(ascii: "*"):
        let rest = pattern.dropFirst()
        if rest.isEmpty { return true }
        for start in text.startIndex...text.endIndex where matches(rest, text[start...]) { return true }
        return false
      case UInt8(ascii: "?"):
        guard !text.isEmpty else { return false }
        pattern = pattern.dropFirst()
      case UInt8(ascii: "["):
        guard let byte = text.first else { return false }
        let (isIn, rest) = GlobPattern.set(pattern.dropFirst(), holds: byte)
        guard isIn else { return false }
        pattern = rest
      default:
        let literal = sign == UInt8(ascii: "\\") && pattern.count >= 2 ? pattern.dropFirst() : pattern
        guard text.first == literal.first else { return false }
        pattern = literal.dropFirst()
      }
      text = text.dropFirst()
    }
    return text.isEmpty
  }

  /// What follows a set's bracket: whether it holds the byte, and the pattern after it.
  private static func set(_ pattern: ArraySlice<UInt8>, holds byte: UInt8) -> (Bool, ArraySlice<UInt8>) {
    var rest = pattern
    let isNegated = rest.first == UInt8(ascii: "^")
    if isNegated { rest = rest.dropFirst() }
    var isIn = false
    while let sign = rest.first, sign != UInt8(ascii: "]") {
      if sign == UInt8(ascii: "\\"), rest.count >= 2 {
        rest = rest.dropFirst()
        if rest.first == byte { isIn = true }
      } else if rest.count >= 3, rest[rest.startIndex + 1] == UInt8(ascii: "-") {
        let (low, high) = (min(sign, rest[rest.startIndex + 2]), max(sign, rest[rest.startIndex + 2]))
        if (low...high).contains(byte) { isIn = true }
        rest = rest.dropFirst(2)
      } else if sign == byte {
        isIn = true
      }
      rest = rest.dropFirst()
    }
    return (isIn != isNegated, rest.dropFirst())
  }
}
