internal import DrillEngines
internal import DrillModel
internal import Foundation

/// Changes the records of an RDB file by a real server that has loaded it: a valid file with wrong contents.
///
/// The server is a replica without a master, so that it keeps what has expired since the file was written.
/// Source: redis 7.0 src/db.c `expireIfNeeded`.
public struct RedisContentFault: Sendable {
  /// One command each, words separated by spaces; a word in double quotes may hold spaces. `{key}` and `{other}` stand for two seeded keys.
  public var commands: [String]
  /// The type of the records that are drawn: `string`, `list`, `set`, `zset`, `hash`, `stream`; nil: any.
  public var kind: String?
  /// The names among which records are drawn, as `KEYS` takes them.
  public var names: String
  public var seed: UInt64

  public init(commands: [String], kind: String? = nil, names: String = "*", seed: UInt64) {
    self.commands = commands
    self.kind = kind
    self.names = names
    self.seed = seed
  }

  /// What a change came to.
  public struct Changed: Sendable {
    /// What shows that the contents changed, one sentence each.
    public var proofs: [String]
    /// The two keys that were drawn; empty where the commands name none.
    public var key: String
    public var other: String
  }

  /// Changes a file in place; without commands it is loaded and saved again, with the same contents.
  ///
  /// - Throws: `DrillError`: `server-missing`, `server-failed`; `io` where nothing changed that was to, or what was not to.
  public func plant(in path: String) async throws -> Changed {
    guard let server = SandboxTools.executable("redis-server") else {
      throw DrillError(.serverMissing, subject: "redis-server", detail: "content is changed by a real server")
    }
    // Short: the path of a unix socket has at most 107 bytes.
    let folder = "/tmp/fd-\(String(UInt64.random(in: .min ... .max), radix: 36))"
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.copyItem(atPath: path, toPath: folder + "/dump.rdb")
    let launch = ChildProcess.Launch(
      executable: server,
      arguments: [
        "--port", "0", "--unixsocket", folder + "/s", "--dir", folder, "--save", "", "--replicaof", "127.0.0.1 1",
        "--replica-read-only", "no", "--enable-debug-command", "yes",
      ])
    let changed = try await ChildProcess.with(launch) { child in
      try await RedisConnection.with(try await ready(folder + "/s", child), RedisCredentials()) { connection in
        let before = try await contents(connection)
        let (key, other) = try await drawn(connection)
        var changedBySay: [String] = []
        for command in commands {
          let words = RedisContentFault.words(command.replacing("{key}", with: key).replacing("{other}", with: other))
          let reply = try await connection.send(words.map { Array($0.utf8) })
          if let error = reply.errorCode { throw failure("'\(words[0])' was refused: \(error)") }
          changedBySay.append(words[0])
        }
        let changed = try await contents(connection).differ(from: before)
        guard changed != commands.isEmpty else {
          throw failure("what the server says of its contents did \(changed ? "" : "not ")change")
        }
        _ = try await connection.ask("SAVE")
        let proof =
          commands.isEmpty
          ? "loaded and saved again: the server's own digest of its contents is the same"
          : "\(changedBySay.joined(separator: ", ")): the server's own digest of its contents changed"
        return Changed(proofs: [proof], key: key, other: other)
      }
    }
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.copyItem(atPath: folder + "/dump.rdb", toPath: path)
    return changed
  }

  private func ready(_ socket: String, _ child: ChildProcess) async throws -> Endpoint {
    let endpoint = Endpoint.unix(path: socket)
    let deadline = ContinuousClock.now + .seconds(60)
    while child.ending == nil, ContinuousClock.now < deadline {
      if let reply = try? await RedisConnection.with(endpoint, RedisCredentials(), { try await $0.ask("PING") }),
        reply.text == "PONG"
      {
        return endpoint
      }
      try await Task.sleep(for: .milliseconds(5))
    }
    throw DrillError(
      .serverFailed, subject: "redis-server",
      detail: "the server that is to change contents does not answer: \(child.lines.last ?? "it says nothing")")
  }

  /// What a server holds: its own digest, and by key what that leaves out.
  private struct Contents {
    var digest: String
    var details: [String: String]

    /// Keys that one of the two does not name may have expired between them; one that was removed or added is in the digest.
    func differ(from other: Contents) -> Bool {
      digest != other.digest || details.contains { key, text in other.details[key].map { $0 != text } ?? false }
    }
  }

  /// The server's digest leaves out expiries and consumer groups, writes scores with 17 digits, and takes 0 and -0 for one.
  private func contents(_ connection: RedisConnection) async throws -> Contents {
    var contents = Contents(digest: try await connection.ask("DEBUG", "DIGEST").text ?? "", details: [:])
    for key in try await keys(connection) {
      guard let expiry = try await connection.ask("PEXPIRETIME", key).integer, expiry != -2 else { continue }
      var text = "\(expiry)"
      switch try await connection.ask("TYPE", key).text {
      case "zset": text += " \(try await connection.ask("ZRANGE", key, "0", "-1", "WITHSCORES"))"
      case "stream": text += " \(try await connection.ask("XINFO", "STREAM", key, "FULL"))"
      case "none": continue
      default: break
      }
      contents.details[key] = text
    }
    return contents
  }

  private func keys(_ connection: RedisConnection, _ names: String = "*") async throws -> [String] {
    (try await connection.ask("KEYS", names).array ?? []).compactMap(\.text).sorted()
  }

  /// Two seeded keys of the kind that is asked for.
  private func drawn(_ connection: RedisConnection) async throws -> (String, String) {
    guard commands.contains(where: { $0.contains("{key}") || $0.contains("{other}") }) else { return ("", "") }
    var found: [String] = []
    for key in try await keys(connection, names) {
      let type = try await connection.ask("TYPE", key).text
      if kind == nil || type == kind { found.append(key) }
    }
    guard found.count > 1 else { throw failure("there are no two keys of this kind") }
    var random = SeededGenerator(seed: seed, purpose: "content fault")
    random.shuffle(&found)
    return (found[0], found[1])
  }

  static func words(_ command: String) -> [String] {
    var words: [String] = []
    var word = ""
    var isQuoted = false
    var isOpen = false
    for character in command {
      if character == "\"" {
        isQuoted.toggle()
        isOpen = true
      } else if character == " ", !isQuoted {
        if isOpen { words.append(word) }
        (word, isOpen) = ("", false)
      } else {
        word.append(character)
        isOpen = true
      }
    }
    if isOpen { words.append(word) }
    return words
  }

  private func failure(_ detail: String) -> DrillError {
    DrillError(.io, subject: "content", detail: "no fault was planted: \(detail)")
  }
}
