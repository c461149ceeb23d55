import DrillModel
import Foundation

/// A program whose output is a secret: a password manager, a vault. Named with its arguments, so that no shell reads them.
enum SecretCommand {
  static let patience = Duration.seconds(30)
  private static let mostBytes = 64 << 10

  /// What the program writes to its standard output, without one newline at its end. Its errors go to ours.
  ///
  /// - Parameter folder: where it runs, which a relative path of the program is relative to.
  /// - Throws: `DrillError` with `key-unreadable`, which says nothing of what the program wrote.
  static func run(_ words: [String], in folder: String, patience: Duration = patience) throws -> String {
    guard let name = words.first, let program = executable(name, folder) else {
      throw failure(words, "there is no such program")
    }
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = Array(words.dropFirst())
    process.currentDirectoryURL = URL(fileURLWithPath: folder, isDirectory: true)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = FileHandle.standardError
    do { try process.run() } catch { throw failure(words, "the program cannot be started") }
    defer {
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
      process.waitUntilExit()
    }
    let bytes = try read(output.fileHandleForReading.fileDescriptor, words, patience)
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      throw failure(words, "the program ended with status \(process.terminationStatus); what it said stands above")
    }
    guard var text = String(validating: bytes, as: UTF8.self) else { throw failure(words, "its output is no UTF-8") }
    if text.hasSuffix("\n") { text.removeLast() }
    guard !text.isEmpty else { throw failure(words, "the program wrote nothing") }
    guard !text.contains(where: \.isNewline) else { throw failure(words, "the program wrote more than one line") }
    return text
  }

  private static func read(_ descriptor: Int32, _ words: [String], _ patience: Duration) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    let deadline = ContinuousClock.now + patience
    while true {
      let left = deadline - .now
      guard left > .zero else { throw failure(words, "the program had not ended after \(patience)") }
      var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&waiting, 1, Int32(min(left.milliseconds.rounded(.up), 1000)))
      guard ready > 0 else { continue }
      let count = Foundation.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return bytes }
      bytes += buffer[..<count]
      guard bytes.count <= mostBytes else { throw failure(words, "the program wrote more than a secret is long") }
    }
  }

  /// A name is looked for on PATH; what has a slash is a path.
  private static func executable(_ name: String, _ folder: String) -> String? {
    let candidates =
      name.contains("/")
      ? [URL(fileURLWithPath: name, relativeTo: URL(fileURLWithPath: folder, isDirectory: true)).path]
      : (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map { "\($0)/\(name)" }
    return candidates.first { $0.hasPrefix("/") && FileManager.default.isExecutableFile(atPath: $0) }
  }

  private static func failure(_ words: [String], _ detail: String) -> DrillError {
    DrillError(
      .keyUnreadable, subject: words.first ?? "command", detail: "the secret cannot be had from this command: \(detail)"
    )
  }
}
