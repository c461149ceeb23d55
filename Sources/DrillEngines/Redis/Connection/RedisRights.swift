internal import DrillModel

/// What a user must be allowed on a server before anything is paused or forked there, asked without doing any of it.
struct RedisRights {
  /// A right in the words of `ACL SETUSER`, a command that shows whether the user has it, and one that shows it without
  /// doing anything.
  private struct Right {
    var name: String
    var command: [String]
    /// Fails for its argument after the server has checked the right; nil: there is no such form.
    var harmless: [String]?
  }

  /// - Parameters:
  ///   - replicates: whether a snapshot is to be asked for.
  ///   - pauses: whether writes are to be paused.
  ///   - countsSlots: whether keys are to be counted per slot.
  private static func needed(replicates: Bool, pauses: Bool, countsSlots: Bool) -> [Right] {
    // Source: redis 7.0 src/replication.c `syncCommand`: an offset that is no number ends it before anything begins,
    // which servers before 7.0 take for a full synchronisation: there it is not tried.
    var rights: [Right] = []
    if replicates {
      rights += [
        Right(name: "psync", command: ["PSYNC", "?", "-1"], harmless: ["PSYNC", "?", "x"]),
        Right(name: "replconf", command: ["REPLCONF", "capa", "eof"], harmless: ["REPLCONF", "capa", "psync2"]),
      ]
    }
    if pauses {
      rights += [
        Right(
          name: "client|pause", command: ["CLIENT", "PAUSE", "1", "WRITE"], harmless: ["CLIENT", "PAUSE", "x", "WRITE"]),
        // Its only form would end somebody else's pause.
        Right(name: "client|unpause", command: ["CLIENT", "UNPAUSE"], harmless: nil),
      ]
    }
    if countsSlots {
      rights.append(
        Right(
          name: "cluster|countkeysinslot", command: ["CLUSTER", "COUNTKEYSINSLOT", "0"],
          harmless: ["CLUSTER", "COUNTKEYSINSLOT", "-1"]))
    }
    return rights
  }

  /// Makes sure that the user may capture from this server.
  ///
  /// Asked by `ACL DRYRUN` where the server has it and lets the user; else by forms of the commands that fail after the
  /// right was checked.
  ///
  /// - Throws: `DrillError` with `permission-denied`, naming all rights that are missing; what the connection throws.
  static func check(
    _ connection: RedisConnection, _ credentials: RedisCredentials, version: String?, replicates: Bool, pauses: Bool,
    countsSlots: Bool
  ) async throws {
    let user = credentials.username ?? "default"
    let rights = needed(replicates: replicates, pauses: pauses, countsSlots: countsSlots)
    let major = version.flatMap { $0.split(separator: ".").first }.flatMap { Int($0) } ?? 0
    func ask(_ commands: [[String]]) async throws -> [RESPValue] {
      let replies = await connection.pipeline(commands.map { $0.map { Array($0.utf8) } }, timeout: .seconds(5))
      if let failure = replies.failure { throw failure }
      return replies.values
    }
    var missing: [String] = []
    // Source: Redis documentation, "ACL DRYRUN": since 7.0; OK, or a sentence that says why not.
    let rehearsed = try await ask(rights.map { ["ACL", "DRYRUN", user] + $0.command })
    if rehearsed.allSatisfy({ $0.errorCode == nil }) {
      missing = zip(rights, rehearsed).filter { $1.text != "OK" }.map(\.0.name)
    } else {
      let tried = rights.filter { $0.harmless != nil && ($0.name != "psync" || major >= 7) }
      let replies = try await ask(tried.compactMap(\.harmless))
      missing = zip(tried, replies).filter { $1.errorCode == "NOPERM" }.map(\.0.name)
    }
    guard missing.isEmpty else { throw refusal(missing, user: user, subject: connection.endpoint.description) }
  }

  private static func refusal(_ missing: [String], user: String, subject: String) -> DrillError {
    let commands = missing.map { $0.uppercased().replacing("|", with: " ") }.joined(separator: ", ")
    let words = missing.map { "+\($0)" }.joined(separator: " ")
    let alternative =
      missing.contains("psync")
      ? "; where that cannot be had, `capture: {via: commands}` in the cluster file reads without it" : ""
    return DrillError(
      .permissionDenied, subject: subject,
      detail: "the user \(user) may not \(commands): allow it with ACL SETUSER \(user) \(words)\(alternative)")
  }

  /// The command that an error's line says was refused, in the words of `ACL SETUSER`; nil where it names none.
  ///
  /// Source: redis 7.0 src/acl.c `getAclErrorMessage`, "… has no permissions to run the 'cluster|shards' command".
  static func missing(in line: String) -> String? {
    guard line.contains("permissions to run the '") else { return nil }
    let parts = line.split(separator: "'", omittingEmptySubsequences: false)
    return parts.count >= 3 ? String(parts[1]) : nil
  }
}
