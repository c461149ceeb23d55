import DrillModel
import Foundation

/// Copies an artifact's file.
enum ArtifactCopy {
  /// Shares blocks where the file system can; a link in the file's place is not followed.
  ///
  /// - Parameter limit: bytes of its beginning that are copied; nil: all.
  /// - Throws: `DrillError`: `artifact-io`, and `code` where the copy cannot be written.
  static func copy(
    _ source: String, to target: String, subject: String, limit: UInt64? = nil,
    failingAs code: DrillError.Code = .catalogUnwritable
  ) throws {
    let input = open(source, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard input >= 0 else {
      throw DrillError(.artifactUnreadable, subject: subject, detail: "it cannot be opened: \(systemErrorText())")
    }
    defer { close(input) }
    var status = stat()
    guard fstat(input, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw DrillError(.artifactUnreadable, subject: subject, detail: "it is no plain file")
    }
    func unwritable() -> DrillError {
      DrillError(
        code, subject: subject,
        detail:
          "it cannot be copied\(code == .catalogUnwritable ? " into the catalog" : ""): \(systemErrorText()); see free space"
      )
    }
    let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard output >= 0 else { throw unwritable() }
    defer { close(output) }
    // Source: linux/fs.h, FICLONE = _IOW(0x94, 9, int).
    if limit == nil, ioctl(output, 0x4004_9409, input) == 0 { return }
    var left = limit ?? .max
    while left > 0 {
      let count = sendfile(output, input, nil, Int(min(left, 64 << 20)))
      if count < 0 {
        if errno == EINTR { continue }
        throw unwritable()
      }
      if count == 0 { return }
      left -= UInt64(count)
    }
  }
}
