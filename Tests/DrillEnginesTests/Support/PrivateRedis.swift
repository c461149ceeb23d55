import Foundation
import Glibc

/// A real `redis-server` of a test's own: on a unix socket alone, in a temporary folder, with nothing loaded and
/// nothing saved by itself.
///
/// Lives inside ``with(_:_:)``: afterwards its process is gone and its folder removed, however the body ended.
final class PrivateRedis {
  indirect enum Reply: Equatable {
    case text(String)
    case bytes([UInt8])
    case integer(Int64)
    case array([Reply])
    case null
  }

  struct Failure: Error { var detail: String }

  let folder: String
  var socketPath: String { folder + "/redis.sock" }
  let processID: pid_t
  private var connection: CInt = -1
  private var received: [UInt8] = []
  private var taken = 0
  /// Whether an error is a reply like others, `null`, and not a reason to stop.
  var toleratesErrors = false

  /// Runs `body` with a server that was started with `options` (`["hash-max-listpack-entries", "0"]`) and answers.
  static func with<R>(
    _ options: [String] = ["enable-debug-command", "local"], program: String = "redis-server",
    _ body: (PrivateRedis) throws -> R
  ) throws -> R {
    let server = try start(options, program: program)
    defer { server.end() }
    return try body(server)
  }

  /// For what cannot be done inside a closure: whoever starts a server ends it.
  static func start(_ options: [String], program: String) throws -> PrivateRedis {
    let server = try PrivateRedis(options, program)
    do {
      try server.connect(within: 20)
      return server
    } catch {
      server.end()
      throw error
    }
  }

  private init(_ options: [String], _ program: String) throws {
    var template = Array("/tmp/firedrill-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure(detail: "no temporary folder") }
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    var arguments = [
      program, "--port", "0", "--unixsocket", folder + "/redis.sock", "--dir", folder, "--save", "",
    ]
    arguments += ["--logfile", folder + "/redis.log"]
    for pair in stride(from: 0, to: options.count, by: 2) { arguments += ["--" + options[pair], options[pair + 1]] }
    var pointers = arguments.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    var id: pid_t = 0
    guard posix_spawnp(&id, program, nil, nil, &pointers, environ) == 0 else {
      rmdir(folder)
      throw Failure(detail: "\(program) cannot be started: is it installed?")
    }
    processID = id
  }

  func end() {
    if connection >= 0 { close(connection) }
    kill(processID, SIGKILL)
    waitpid(processID, nil, 0)
    try? FileManager.default.removeItem(atPath: folder)
  }

  private func connect(within seconds: Int) throws {
    let deadline = time(nil) + seconds
    while true {
      connection = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socketPath.utf8) }
      let isConnected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          Glibc.connect(connection, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
        }
      }
      if isConnected, (try? command("PING")) == .text("PONG") { return }
      close(connection)
      connection = -1
      var status: CInt = 0
      guard waitpid(processID, &status, WNOHANG) == 0 else { throw Failure(detail: "redis-server ended at once") }
      guard time(nil) < deadline else { throw Failure(detail: "redis-server does not answer") }
      usleep(5000)
    }
  }

  /// Writes a snapshot and returns its path.
  func save() throws -> String {
    try command("SAVE")
    return folder + "/dump.rdb"
  }

  @discardableResult
  func command(_ words: String...) throws -> Reply { try command(words.map { Array($0.utf8) }) }

  /// Sends one command and waits for its reply; an error reply is thrown.
  @discardableResult
  func command(_ words: [[UInt8]]) throws -> Reply {
    try send(PrivateRedis.encoded(words))
    return try reply()
  }

  /// Sends many commands at once; returns their replies in order.
  @discardableResult
  func pipeline(_ commands: [[[UInt8]]]) throws -> [Reply] {
    var replies: [Reply] = []
    // In portions, so that neither side's socket buffer is full while both write.
    for start in stride(from: 0, to: commands.count, by: 1000) {
      let portion = commands[start..<min(start + 1000, commands.count)]
      try send(portion.flatMap(PrivateRedis.encoded))
      for _ in portion { replies.append(try reply()) }
    }
    return replies
  }

  private static func encoded(_ words: [[UInt8]]) -> [UInt8] {
    words.reduce(into: Array("*\(words.count)\r\n".utf8)) { bytes, word in
      bytes += Array("$\(word.count)\r\n".utf8) + word + [13, 10]
    }
  }

  private func send(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { bytes in
      var sent = 0
      while sent < bytes.count {
        let count = Glibc.send(connection, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, CInt(MSG_NOSIGNAL))
        guard count > 0 else { throw Failure(detail: "the connection is lost") }
        sent += count
      }
    }
  }

  private func reply() throws -> Reply {
    let line = try self.line()
    guard let mark = line.first else { throw Failure(detail: "an empty reply") }
    let text = String(decoding: line.dropFirst(), as: UTF8.self)
    switch mark {
    case UInt8(ascii: "+"): return .text(text)
    case UInt8(ascii: ":"): return .integer(Int64(text) ?? 0)
    case UInt8(ascii: "$"):
      guard let count = Int(text), count >= 0 else { return .null }
      let bytes = try take(count)
      _ = try take(2)
      return .bytes(bytes)
    case UInt8(ascii: "*"):
      guard let count = Int(text), count >= 0 else { return .null }
      return .array(try (0..<count).map { _ in try reply() })
    default:
      guard toleratesErrors, mark == UInt8(ascii: "-") else { throw Failure(detail: text) }
      return .null
    }
  }

  private func line() throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.suffix(2) != [13, 10] { bytes += try take(1) }
    return Array(bytes.dropLast(2))
  }

  private func take(_ count: Int) throws -> [UInt8] {
    while received.count - taken < count {
      received.removeFirst(taken)
      taken = 0
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      let got = recv(connection, &buffer, buffer.count, 0)
      guard got > 0 else { throw Failure(detail: "the connection is lost") }
      received += buffer[..<got]
    }
    defer { taken += count }
    return Array(received[taken..<taken + count])
  }
}
