internal import DrillModel
internal import Foundation
internal import Glibc

/// Copies an artifact to where a sandbox may do with it what it likes.
enum FileCopy {
  /// Shares blocks where the file system can (a reflink: later writes to either side are their own), else copies within
  /// the kernel. Never a hard link.
  ///
  /// Returns the number of bytes copied. Stops when the task is cancelled.
  ///
  /// - Throws: `DrillError` with `artifact-io`; `CancellationError`.
  static func copy(_ source: String, to target: String, subject: String) throws -> UInt64 {
    try copy(source, to: target, after: [], from: 0, count: .max, subject: subject)
  }

  /// The same with a part of a file, from a byte on and no more than a count of bytes, after bytes of the caller's.
  static func copy(
    _ source: String, to target: String, after prefix: [UInt8], from start: UInt64, count limit: UInt64, subject: String
  ) throws -> UInt64 {
    func failure(_ what: String) -> DrillError {
      DrillError(
        .artifactUnreadable, stage: .restore, subject: subject, detail: "\(what): \(String(cString: strerror(errno)))")
    }
    let input = open(source, O_RDONLY | O_CLOEXEC)
    guard input >= 0 else { throw failure("cannot be opened") }
    defer { close(input) }
    var information = stat()
    guard fstat(input, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
      throw failure("is no plain file")
    }
    let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard output >= 0 else { throw failure("cannot be copied into the sandbox's folder") }
    defer { close(output) }
    // Source: linux/fs.h, FICLONE = _IOW(0x94, 9, int).
    if prefix.isEmpty, start == 0, ioctl(output, 0x4004_9409, input) == 0 {
      let size = UInt64(information.st_size)
      guard size > limit else { return size }
      guard ftruncate(output, off_t(clamping: limit)) == 0 else {
        throw failure("cannot be copied into the sandbox's folder")
      }
      return limit
    }
    guard prefix.isEmpty || write(output, prefix, prefix.count) == prefix.count,
      start == 0 || lseek(input, off_t(clamping: start), SEEK_SET) >= 0
    else { throw failure("cannot be copied into the sandbox's folder") }
    var copied: UInt64 = 0
    while copied < limit {
      try Task.checkCancellation()
      let count = sendfile(output, input, nil, Int(min(64 << 20, limit - copied)))
      if count < 0 {
        if errno == EINTR { continue }
        throw failure("cannot be copied into the sandbox's folder")
      }
      if count == 0 { break }
      copied += UInt64(count)
    }
    return copied
  }
}
