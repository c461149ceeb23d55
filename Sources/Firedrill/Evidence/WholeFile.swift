import DrillModel
import Foundation

/// Files that are there as a whole or not at all.
enum WholeFile {
  /// Writes beside the place, to the disk, and gives it its name; a file that is there by then stays as it is.
  ///
  /// - Parameter beforeNaming: what must have succeeded first; where it throws, no file is left.
  /// - Throws: `DrillError` with `io`; what `beforeNaming` throws.
  static func write(_ bytes: [UInt8], to path: String, beforeNaming: () throws -> Void = {}) throws {
    func check(_ succeeded: Bool, _ what: String) throws {
      guard !succeeded else { return }
      throw DrillError(.io, subject: path, detail: "\(what): \(systemErrorText()); nothing was left behind")
    }
    let folder = (path as NSString).deletingLastPathComponent
    let fresh = "\(folder)/.partial-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    try check(descriptor >= 0, "a file cannot be made here")
    defer { unlink(fresh) }
    do {
      defer { close(descriptor) }
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        try check(count > 0, "the file cannot be written")
        rest = rest.dropFirst(count)
      }
      try check(fsync(descriptor) == 0, "the file cannot be brought to the disk")
    }
    try beforeNaming()
    // Unlike a rename, a link never replaces what somebody else has put there meanwhile.
    try check(link(fresh, path) == 0, "the file cannot be given its name")
    let parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if parent >= 0 {
      fsync(parent)
      close(parent)
    }
  }
}
