internal import Glibc

/// A file for readers that take no bytes but a path.
struct ScratchFile {
  let path: String
  private let descriptor: CInt

  static let folder: String = {
    let place = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(place)/readers-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { fatalError("no folder for files") }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    atexit {
      for name in ScratchFile.names { unlink("\(ScratchFile.folder)/\(name)") }
      rmdir(ScratchFile.folder)
    }
    return folder
  }()
  static let names = ["appendonly.aof", "stream.aof", "increment", "base.sqlite", "store.sqlite"]

  init(_ name: String) {
    precondition(ScratchFile.names.contains(name))
    path = "\(ScratchFile.folder)/\(name)"
    descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { fatalError("no file") }
  }

  static func bytes(of path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: max(0, Int(lseek(descriptor, 0, SEEK_END))))
    guard pread(descriptor, &bytes, bytes.count, 0) == bytes.count else { fatalError("a file is gone") }
    return bytes
  }

  func hold(_ bytes: [UInt8]) {
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
      fatalError("a file cannot be written")
    }
  }
}
