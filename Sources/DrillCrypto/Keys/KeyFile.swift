internal import DrillModel
internal import Foundation

/// Keys in files: private ones in `NAME`, public ones in `NAME.pub`, both PEM.
public enum KeyFile {
  private static let sizeLimit = 64 << 10

  /// - Throws: `key-unreadable` with what to do: no such file, not permitted, not a key.
  public static func readSigningKey(_ path: String) throws -> SigningKey {
    try SigningKey(pem: read(path), subject: path)
  }

  /// - Throws: `key-unreadable` with what to do.
  public static func readPublicKey(_ path: String) throws -> PublicKey { try PublicKey(pem: read(path), subject: path) }

  /// Writes a new pair, the private file with mode 0600. Never overwrites.
  ///
  /// - Throws: `io` where a file exists already or cannot be written.
  public static func write(_ key: SigningKey, to path: String) throws {
    try create(path, key.revealPEM(), mode: 0o600)
    do {
      try create(path + ".pub", key.publicKey.pem, mode: 0o644)
    } catch {
      unlink(path)
      throw error
    }
  }

  private static func read(_ path: String) throws -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      throw unreadable(path, "cannot be opened: \(reason(errno)); check the path and the file's mode")
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw unreadable(path, "is not a file") }
    guard status.st_size > 0, status.st_size <= sizeLimit else {
      throw unreadable(path, "has \(status.st_size) bytes, which no key has; make one with `firedrill keygen`")
    }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        Foundation.read(file, $0.baseAddress?.advanced(by: done), $0.count - done)
      }
      guard count > 0 else { throw unreadable(path, "cannot be read: \(count < 0 ? reason(errno) : "it ends early")") }
      done += count
    }
    return bytes
  }

  private static func create(_ path: String, _ text: String, mode: mode_t) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard file >= 0 else {
      let detail = errno == EEXIST ? "exists already; choose another name, keys are never overwritten" : reason(errno)
      throw DrillError(.io, subject: path, detail: detail)
    }
    defer { close(file) }
    let bytes = Array(text.utf8)
    guard Foundation.write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else {
      let detail = "cannot be written: \(reason(errno))"
      unlink(path)
      throw DrillError(.io, subject: path, detail: detail)
    }
  }

  private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

  private static func unreadable(_ path: String, _ detail: String) -> DrillError {
    DrillError(.keyUnreadable, subject: path, detail: detail)
  }
}
