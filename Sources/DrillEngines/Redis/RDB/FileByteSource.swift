internal import DrillModel
internal import Glibc

/// The bytes of a local file, from its start to its end.
package final class FileByteSource: ByteSource {
  private let descriptor: CInt
  private let path: String

  /// Opens the file; a symbolic link is not followed.
  ///
  /// - Parameter offset: where to begin.
  /// - Throws: `DrillError` with `artifact-io` when it cannot be opened or is not a regular file.
  package init(path: String, from offset: UInt64 = 0) throws {
    self.path = path
    // Without O_NONBLOCK, opening a pipe that somebody put in the artifact's place would wait for ever.
    descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileByteSource.unreadable(path, errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw DrillError(.artifactUnreadable, subject: FileByteSource.name(of: path), detail: "it is not a regular file")
    }
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    guard offset == 0 || lseek(descriptor, off_t(clamping: offset), SEEK_SET) >= 0 else {
      throw FileByteSource.unreadable(path, errno)
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count >= 0 { return count }
      guard errno == EINTR else { throw FileByteSource.unreadable(path, errno) }
    }
  }

  /// The file's size now.
  func sizeBytes() throws -> UInt64 {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileByteSource.unreadable(path, errno) }
    return UInt64(max(0, status.st_size))
  }

  private static func unreadable(_ path: String, _ number: CInt) -> DrillError {
    DrillError(
      .artifactUnreadable, subject: name(of: path), detail: "it cannot be read: \(String(cString: strerror(number)))")
  }

  private static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
