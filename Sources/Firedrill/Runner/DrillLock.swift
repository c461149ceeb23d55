import DrillCrypto
import DrillModel
import Foundation

/// Keeps two runs of one drill apart: a lock on a file beside the ledger, which the kernel lets go of when its holder ends, however it ends.
///
/// The file says who holds it, and stays; what counts is the lock.
enum DrillLock {
  /// Runs `body` while no other run of this drill can begin.
  ///
  /// - Throws: `DrillError`: `already-running` with who holds it; `io` where no lock can be made; whatever `body` throws.
  static func with<R: Sendable>(
    drill: String, ledger: String, work root: String, _ body: () async throws -> R
  ) async throws -> R {
    let descriptor = try open(drill, besides: ledger, root)
    defer { close(descriptor) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw DrillError(
        .alreadyRunning, subject: drill,
        detail: "\(holder(descriptor)) is running this drill; wait until it has ended, or end it")
    }
    let text = Array("\(getpid()) \(Instant.now)\n".utf8)
    ftruncate(descriptor, 0)
    _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    return try await body()
  }

  /// Beside the ledger, or, where nothing can be made there, in the work folder under the ledger's name.
  private static func open(_ drill: String, besides ledger: String, _ root: String) throws -> Int32 {
    let name = drill.utf8.count <= 200 ? drill : SHA256.digest(Array(drill.utf8)).hex
    var reason = ""
    for folder in [ledger + "-drills", "\(root)/drills-\(SHA256.digest(Array(ledger.utf8)).hex.prefix(16))"] {
      try? FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      let descriptor = Foundation.open("\(folder)/\(name).lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
      if descriptor >= 0 { return descriptor }
      reason = systemErrorText()
    }
    throw DrillError(
      .io, subject: drill, detail: "no lock can be made, neither beside the ledger nor in the work folder: \(reason)")
  }

  private static func holder(_ descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
    let words = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard words.count == 2, let id = Int32(words[0]), let since = Instant(parsing: String(words[1])) else {
      return "another process"
    }
    return "process \(id), since \(since),"
  }
}
