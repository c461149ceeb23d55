internal import DrillModel
internal import Glibc
internal import Synchronization

/// A snapshot's file while it arrives: under the name `….partial` until it is whole and on disk, so that no half file
/// ever bears the final name.
final class SnapshotFile: ReplicationSink {
  let path: String
  private var partialPath: String { path + ".partial" }
  private let descriptor: CInt
  private let written = Mutex<UInt64>(0)

  /// Creates the partial file, readable by its owner alone.
  ///
  /// - Throws: `DrillError` with `io`: it exists already, or cannot be created.
  init(path: String) throws {
    self.path = path
    descriptor = open(path + ".partial", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SnapshotFile.failure("cannot be created", path) }
  }

  deinit { Glibc.close(descriptor) }

  var sizeBytes: UInt64 { written.withLock { $0 } }

  func take(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while let base = rest.baseAddress, rest.count > 0 {
      let count = Glibc.write(descriptor, base, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw SnapshotFile.failure("cannot be written", path)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
    written.withLock { $0 += UInt64(bytes.count) }
  }

  /// Brings all to disk and gives the file its final name. Blocks for as long as the disk needs.
  ///
  /// - Throws: `DrillError` with `io`.
  func seal() throws {
    guard fsync(descriptor) == 0 else { throw SnapshotFile.failure("cannot be brought to disk", path) }
    guard rename(partialPath, path) == 0 else { throw SnapshotFile.failure("cannot be given its name", path) }
    let folder = open(
      path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/",
      O_RDONLY | O_CLOEXEC)
    guard folder >= 0 else { return }
    defer { Glibc.close(folder) }
    guard fsync(folder) == 0 else { throw SnapshotFile.failure("its folder cannot be brought to disk", path) }
  }

  /// Removes what has arrived of a snapshot that is not wanted any more.
  func discard() {
    unlink(partialPath)
    unlink(path)
  }

  private static func failure(_ what: String, _ path: String) -> DrillError {
    let reason = String(cString: strerror(errno))
    return DrillError(
      .io, subject: String(path.split(separator: "/").last ?? ""), detail: "the snapshot's file \(what): \(reason)")
  }
}
