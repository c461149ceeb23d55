import DrillModel
import Foundation

/// Whether a file of this machine can be changed or deleted: by its immutable attribute, or since its file system is mounted read-only.
///
/// What modes and access lists say is nothing here: they do not keep root, nor the file's owner, from anything.
enum FileImmutability {
  // Source: linux/fs.h: FS_IOC_GETFLAGS is _IOR('f', 1, long), FS_IMMUTABLE_FL; the kernel fills in an int.
  private static let getFlags: UInt = 0x8008_6601
  private static let immutable: Int32 = 0x10

  /// - Parameter path: of a plain file; a link is not followed.
  static func of(path: String) -> Immutability {
    let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return .unknown("it cannot be opened: \(systemErrorText())") }
    defer { close(descriptor) }
    var system = statvfs()
    guard fstatvfs(descriptor, &system) == 0 else { return .unknown("its mount cannot be asked: \(systemErrorText())") }
    // Source: statvfs(3), ST_RDONLY is 1.
    if system.f_flag & 1 != 0 { return .fixed("its file system is mounted read-only here") }
    var flags: (Int32, Int32) = (0, 0)
    let result = withUnsafeMutablePointer(to: &flags) { ioctl(descriptor, getFlags, UnsafeMutableRawPointer($0)) }
    guard result == 0 else { return .unknown("its file system has no immutable attribute: \(systemErrorText())") }
    return flags.0 & immutable != 0
      ? .fixed("it has the immutable attribute")
      : .changeable("it has no immutable attribute, and its file system is mounted writable")
  }
}
