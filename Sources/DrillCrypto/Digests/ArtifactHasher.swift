internal import COpenSSL
internal import Dispatch
public import DrillModel
internal import Foundation
internal import Synchronization

/// Hashes files whole: as many at a time as it has threads, a mebibyte of memory for each.
public struct ArtifactHasher: Sendable {
  private static let chunk = 1 << 20

  /// What came of one file.
  public enum Measurement: Sendable {
    case read(sizeBytes: UInt64, digest: Digest)
    case missing
    /// A link, a device, a pipe, a folder.
    case notRegular
    /// `artifact-io`; `interrupted` where it was told to stop.
    case failed(DrillError)
  }

  public var threads: Int

  /// - Parameter threads: nil: as many as the machine has cores.
  public init(threads: Int? = nil) { self.threads = max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount) }

  /// Blocks until all files are hashed, the largest first. Links are not followed.
  ///
  /// - Parameters:
  ///   - paths: absolute paths by the name under which the result is wanted.
  ///   - progress: bytes hashed so far, over all files; called from any of the threads, rising but for races.
  ///   - isCancelled: asked after each chunk.
  /// - Returns: a measurement for each name.
  public func hash(
    _ paths: [String: String], progress: @escaping @Sendable (UInt64) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) -> [String: Measurement] {
    let sized = paths.map { (name: $0.key, path: $0.value, size: ArtifactHasher.size($0.value)) }
    let job = Job(
      files: sized.sorted { $0.size > $1.size }.map { ($0.name, $0.path) }, progress: progress, isCancelled: isCancelled
    )
    let crew = min(threads, paths.count)
    guard crew > 1 else {
      job.work()
      return job.results.withLock { $0 }
    }
    let done = DispatchSemaphore(value: 0)
    for _ in 0..<crew {
      Thread {
        job.work()
        done.signal()
      }.start()
    }
    for _ in 0..<crew { done.wait() }
    return job.results.withLock { $0 }
  }

  private static func size(_ path: String) -> Int64 {
    var status = stat()
    return lstat(path, &status) == 0 ? Int64(status.st_size) : 0
  }

  /// What the threads share.
  private final class Job: Sendable {
    let files: [(name: String, path: String)]
    let progress: @Sendable (UInt64) -> Void
    let isCancelled: @Sendable () -> Bool
    let next = Atomic(0)
    let hashed = Atomic<UInt64>(0)
    let results = Mutex<[String: Measurement]>([:])

    init(
      files: [(name: String, path: String)], progress: @escaping @Sendable (UInt64) -> Void,
      isCancelled: @escaping @Sendable () -> Bool
    ) {
      self.files = files
      self.progress = progress
      self.isCancelled = isCancelled
    }

    func work() {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: ArtifactHasher.chunk, alignment: 4096)
      defer { buffer.deallocate() }
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < files.count else { return }
        let measurement = measure(files[index].name, files[index].path, buffer)
        results.withLock { $0[files[index].name] = measurement }
      }
    }

    private func measure(_ name: String, _ path: String, _ buffer: UnsafeMutableRawBufferPointer) -> Measurement {
      let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
      guard file >= 0 else {
        switch errno {
        case ENOENT, ENOTDIR: return .missing
        case ELOOP, ENXIO: return .notRegular
        default: return failure(name, errno)
        }
      }
      defer { close(file) }
      var status = stat()
      guard fstat(file, &status) == 0 else { return failure(name, errno) }
      guard status.st_mode & S_IFMT == S_IFREG else { return .notRegular }
      posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL)
      var hash = SHA256()
      var size: UInt64 = 0
      while true {
        if isCancelled() { return .failed(DrillError(.interrupted, subject: name, detail: "hashing was interrupted")) }
        let count = read(file, buffer.baseAddress, buffer.count)
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { return failure(name, errno) }
        if count == 0 { return .read(sizeBytes: size, digest: hash.finalize()) }
        hash.update(UnsafeRawBufferPointer(rebasing: buffer[0..<count]))
        size += UInt64(count)
        progress(hashed.add(UInt64(count), ordering: .relaxed).newValue)
      }
    }

    private func failure(_ name: String, _ code: Int32) -> Measurement {
      .failed(
        DrillError(.artifactUnreadable, subject: name, detail: "cannot be read: \(String(cString: strerror(code)))"))
    }
  }
}
