import DrillModel
import Foundation

/// Changes an RDB file with a server of its own: a valid file with other contents.
///
/// The server is a replica without a master, so that it keeps what has expired since the file was written.
struct RedisFile {
  let path: String

  /// Keys of a pattern, sorted.
  func keys(_ pattern: String) throws -> [String] {
    try withServer { try $0(["KEYS", pattern]).split(separator: "\n").map(String.init).sorted() }
  }

  /// When a key expires, in milliseconds since 1970; nil where it does not.
  func expiry(of key: String) throws -> Int64? {
    try withServer { Int64(try $0(["PEXPIRETIME", key]).trimmingCharacters(in: .whitespacesAndNewlines)) }.flatMap {
      $0 > 0 ? $0 : nil
    }
  }

  /// Runs commands on the file's contents, and writes them back.
  func change(_ commands: [[String]]) throws {
    try withServer { ask in
      for command in commands {
        let reply = try ask(command)
        guard !reply.contains("ERR") else { throw DrillError(.serverFailed, detail: reply) }
      }
      _ = try ask(["SAVE"])
    }
  }

  private func withServer<R>(_ body: (([String]) throws -> String) throws -> R) throws -> R {
    let folder = try TemporaryFolder.make()
    defer { TemporaryFolder.remove(folder) }
    try FileManager.default.copyItem(atPath: path, toPath: folder + "/dump.rdb")
    let socket = folder + "/s"
    let server = Process()
    server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    server.arguments = [
      "redis-server", "--port", "0", "--unixsocket", socket, "--dir", folder, "--save", "", "--replicaof",
      "127.0.0.1 1",
      "--replica-read-only", "no",
    ]
    server.standardOutput = FileHandle.nullDevice
    try server.run()
    defer {
      kill(server.processIdentifier, SIGKILL)
      server.waitUntilExit()
    }
    func ask(_ words: [String]) throws -> String {
      let client = Process()
      client.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      client.arguments = ["redis-cli", "-s", socket] + words
      let output = Pipe()
      client.standardOutput = output
      client.standardError = FileHandle.nullDevice
      try client.run()
      let reply = output.fileHandleForReading.readDataToEndOfFile()
      client.waitUntilExit()
      return String(decoding: reply, as: UTF8.self)
    }
    let deadline = ContinuousClock.now + .seconds(60)
    while try !ask(["PING"]).hasPrefix("PONG") {
      guard .now < deadline else {
        throw DrillError(.serverFailed, detail: "the server that is to change a file does not answer")
      }
    }
    let result = try body(ask)
    // SAVE writes beside and renames.
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.copyItem(atPath: folder + "/dump.rdb", toPath: path)
    return result
  }
}
