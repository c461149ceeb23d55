public import DrillModel

/// Judges who may do what on a restored store.
public struct AccessCheck: Sendable {
  public var backup: String
  /// The rules that should hold; nil: those that the backup holds, which are then held against what the server does.
  public var expected: AccessList?

  public init(backup: String, expected: AccessList?) {
    self.backup = backup
    self.expected = expected
  }

  /// - Parameters:
  ///   - restored: the list that the backup holds for the shard.
  ///   - facts: what its server said and did.
  public func check(_ restored: AccessList, _ facts: AccessFacts) -> Judgement {
    var judgement = Judgement()
    let subject = Finding.Subject(backup: backup, shard: facts.shard)
    var found = differences(expected ?? restored, restored, subject)
    for (user, line) in facts.refused.sorted(by: { $0.key < $1.key }) {
      found.append(
        Finding(
          .accessDiffers, stage: .restore, subject: subject, expected: "a server that takes the rules of \(user)",
          observed: line))
    }
    if facts.refused.isEmpty {
      // A server's own default user stands where the list has none.
      var served = facts.served
      if restored.users["default"] == nil { served.users["default"] = nil }
      found += differences(restored, served, subject)
    }
    found += facts.entries.filter(\.cameIn).compactMap { entry in
      // Whose list says so in so many words wants it so.
      let name = entry.user ?? "default"
      guard expected?.users[name]?.isOpen != true else { return nil }
      return Finding(
        .accessOpen, stage: .restore, subject: subject, expected: "nobody without a password",
        observed: entry.user.map { "the user \($0) came in" } ?? "who said nothing came in")
    }
    for (code, isExpected) in [(FindingCode.accessExcess, false), (.accessDenied, true)] {
      let wrong = facts.trials.filter { $0.isExpected == isExpected && $0.wasAllowed != isExpected }
      for (user, trials) in Dictionary(grouping: wrong, by: \.user).sorted(by: { $0.key < $1.key }) {
        let names = Set(trials.map(\.command)).sorted().prefix(3).joined(separator: "; ")
        found.append(
          Finding(
            code, stage: .restore, subject: subject,
            expected: "the user \(user) \(isExpected ? "may" : "may not") run: \(names)",
            observed:
              "\(trials.count) of \(facts.trials.count { $0.user == user }) commands tried as it were \(isExpected ? "refused" : "let through")"
          ))
      }
    }
    judgement.addLimited(found)
    return judgement
  }

  /// Nil where a file's mode is the one that is wanted; both as `0640`.
  public static func mode(_ mode: String, wanted: String, of artifact: Artifact, backup: String) -> Finding? {
    guard mode != wanted else { return nil }
    return Finding(
      .accessDiffers, stage: .restore,
      subject: .init(backup: backup, shard: artifact.shard, artifact: artifact.name), expected: "mode \(wanted)",
      observed: "mode \(mode) when it was captured")
  }

  /// Each user, each kind of rule.
  private func differences(_ wanted: AccessList, _ there: AccessList, _ subject: Finding.Subject) -> [Finding] {
    var found: [Finding] = []
    func differs(_ user: String, _ what: String, _ expected: String, _ observed: String) {
      found.append(
        Finding(
          .accessDiffers, stage: .restore, subject: subject, expected: "user \(user), \(what): \(expected)",
          observed: observed))
    }
    for name in Set(wanted.users.keys).union(there.users.keys).sorted() {
      guard let left = wanted.users[name], let right = there.users[name] else {
        differs(
          name, "as a whole", wanted.users[name] == nil ? "no such user" : "there",
          there.users[name] == nil ? "no such user" : "there")
        continue
      }
      if left.isOn != right.isOn { differs(name, "state", left.isOn ? "on" : "off", right.isOn ? "on" : "off") }
      if left.takesAnyPassword != right.takesAnyPassword {
        differs(
          name, "passwords", left.takesAnyPassword ? "any" : "its own", right.takesAnyPassword ? "any" : "its own")
      } else if left.passwords != right.passwords {
        // Not which: a digest of a weak password is as good as the password.
        differs(
          name, "passwords", "\(left.passwords.count) passwords",
          "\(right.passwords.count) passwords, \(left.passwords.intersection(right.passwords).count) of them expected")
      }
      guard left.selectors != right.selectors else { continue }
      guard left.selectors.count == right.selectors.count,
        left.selectors.dropFirst().allSatisfy({ right.selectors.dropFirst().contains($0) })
          || left.selectors.count == 1
      else {
        differs(
          name, "selectors", words(left.selectors.dropFirst()), words(right.selectors.dropFirst()))
        continue
      }
      let (mine, theirs) = (left.selectors[0], right.selectors[0])
      if mine.commands != theirs.commands {
        differs(name, "commands", commands(mine), commands(theirs))
      }
      if mine.keys != theirs.keys { differs(name, "keys", keys(mine), keys(theirs)) }
      if mine.channels != theirs.channels {
        differs(name, "channels", channels(mine), channels(theirs))
      }
    }
    return found
  }

  private func commands(_ selector: AccessSelector) -> String {
    selector.commands.flatMap { group in group.names.sorted().map { (group.allows ? "+" : "-") + $0 } }
      .joined(separator: " ")
  }

  private func keys(_ selector: AccessSelector) -> String {
    selector.keys.map { key in
      (key.reads && key.writes ? "~" : key.reads ? "%R~" : "%W~") + key.pattern
    }.sorted().joined(separator: " ")
  }

  private func channels(_ selector: AccessSelector) -> String {
    selector.channels.map { "&" + $0 }.sorted().joined(separator: " ")
  }

  private func words(_ selectors: ArraySlice<AccessSelector>) -> String {
    selectors.isEmpty
      ? "none"
      : selectors.map { "(\([commands($0), keys($0), channels($0)].filter { !$0.isEmpty }.joined(separator: " ")))" }
        .sorted().joined(separator: " ")
  }
}
