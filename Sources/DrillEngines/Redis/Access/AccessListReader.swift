internal import DrillCrypto
internal import DrillModel

/// Reads lines such as `user alice on #… ~cache:* -@all +get`, as a file of users holds them and `ACL LIST` tells them.
///
/// Source: Redis documentation, "ACL" and "ACL SETUSER"; redis 7.0 src/acl.c `ACLSetUser`, `ACLSetSelector`,
/// `ACLLoadFromFile`.
struct AccessListReader {
  /// What follows the name in each user's line, word by word; a selector's brackets and all in it are one word.
  static func words(_ text: String) throws -> [(name: String, rules: [String])] {
    var users: [(name: String, rules: [String])] = []
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
      guard let first = words.first, !first.hasPrefix("#") else { continue }
      guard first == "user", words.count >= 2 else { throw refusal(number, "a line begins with `user` and a name") }
      guard !users.contains(where: { $0.name == words[1] }) else {
        throw refusal(number, "the user stands there twice")
      }
      var rules: [String] = []
      var selector: [String]?
      for word in words.dropFirst(2) {
        if selector == nil, word.hasPrefix("("), !word.hasSuffix(")") {
          selector = [word]
        } else if let open = selector {
          if word.hasSuffix(")") {
            rules.append((open + [word]).joined(separator: " "))
            selector = nil
          } else {
            selector = open + [word]
          }
        } else {
          rules.append(word)
        }
      }
      guard selector == nil else { throw refusal(number, "a selector's bracket is not closed") }
      users.append((words[1], rules))
    }
    return users
  }

  static func read(_ text: String) throws -> AccessList {
    var list = AccessList(users: [:])
    for (name, rules) in try words(text) {
      var user = AccessUser()
      for rule in rules { try apply(rule, to: &user, name) }
      list.users[name] = user
    }
    return list
  }

  private static func apply(_ rule: String, to user: inout AccessUser, _ name: String) throws {
    switch rule.lowercased() {
    case "on": user.isOn = true
    case "off": user.isOn = false
    case "nopass": (user.takesAnyPassword, user.passwords) = (true, [])
    case "resetpass": (user.takesAnyPassword, user.passwords) = (false, [])
    case "reset": user = AccessUser()
    case "clearselectors": user.selectors = [user.selectors[0]]
    // Of payloads of RESTORE, and not of rights.
    case "sanitize-payload", "skip-sanitize-payload": break
    default:
      let rest = String(rule.dropFirst())
      switch rule.first {
      case ">": (user.takesAnyPassword, user.passwords) = (false, user.passwords.union([digest(rest)]))
      case "#": (user.takesAnyPassword, user.passwords) = (false, user.passwords.union([rest.lowercased()]))
      case "<": user.passwords.remove(digest(rest))
      case "!": user.passwords.remove(rest.lowercased())
      case "(":
        var selector = AccessSelector()
        for word in rest.dropLast().split(separator: " ") {
          guard apply(String(word), to: &selector) else { throw unknown(name) }
        }
        user.selectors.append(selector)
      default:
        guard apply(rule, to: &user.selectors[0]) else { throw unknown(name) }
      }
    }
  }

  /// False where it is no rule that is known here.
  private static func apply(_ rule: String, to selector: inout AccessSelector) -> Bool {
    let rest = String(rule.dropFirst())
    switch rule.lowercased() {
    case "allkeys": selector.keys = [.init("*")]
    case "resetkeys": selector.keys = []
    case "allchannels": selector.channels = ["*"]
    case "resetchannels": selector.channels = []
    case "allcommands": selector.append(allows: true, AccessSelector.CommandRules.all)
    case "nocommands": selector.append(allows: false, AccessSelector.CommandRules.all)
    default:
      switch rule.first {
      case "~": selector.add(.init(rest))
      case "&": selector.channels.insert(rest)
      case "+": selector.append(allows: true, rest.lowercased())
      case "-": selector.append(allows: false, rest.lowercased())
      case "%":
        guard let mark = rest.firstIndex(of: "~"), mark != rest.startIndex else { return false }
        let rights = rest[..<mark].uppercased()
        guard rights.allSatisfy({ "RW".contains($0) }) else { return false }
        selector.add(
          .init(String(rest[rest.index(after: mark)...]), reads: rights.contains("R"), writes: rights.contains("W")))
      default: return false
      }
    }
    return true
  }

  private static func digest(_ password: String) -> String { SHA256.digest(Array(password.utf8)).hex }

  private static func unknown(_ user: String) -> DrillError {
    DrillError(.badFile, subject: "user \(user)", detail: "one of its rules is not known to this version")
  }

  private static func refusal(_ line: Int, _ detail: String) -> DrillError {
    DrillError(.badFile, subject: "access list, line \(line + 1)", detail: detail)
  }
}

extension AccessSelector {
  /// What allows or takes away everything makes all before it void; neighbours of one kind are one group.
  mutating func append(allows: Bool, _ name: String) {
    if name == CommandRules.all {
      commands = [CommandRules(allows: allows, names: [name])]
    } else if let last = commands.indices.last, commands[last].allows == allows,
      commands[last].names != [CommandRules.all]
    {
      commands[last].names.insert(name)
    } else {
      commands.append(CommandRules(allows: allows, names: [name]))
    }
  }

  /// A pattern with both rights is one, also where they were given one by one.
  mutating func add(_ pattern: KeyPattern) {
    let known = keys.first { $0.pattern == pattern.pattern }
    if let known { keys.remove(known) }
    keys.insert(
      KeyPattern(
        pattern.pattern, reads: pattern.reads || known?.reads ?? false,
        writes: pattern.writes || known?.writes ?? false))
  }
}
