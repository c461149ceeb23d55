import DrillCrypto
import DrillEngines
import DrillModel
import Foundation

/// Filters one behind the other, from a file into a new file: streamed, hashed on the way, bounded in size and time.
enum FilterPipe {
  struct Filter: Sendable {
    var name: String
    var launch: ChildProcess.Launch
  }

  /// How one of them ended.
  struct End: Sendable {
    var ending: ChildProcess.Ending
    /// What it said on its standard error; may name keys, and never holds one.
    var lines: [String]

    /// Whether it only found nobody to write to any more.
    var wasCutOff: Bool {
      ending == .signalled(SIGPIPE)
        || lines.contains { $0.contains("Broken pipe") || $0.contains("Connection reset by peer") }
    }
  }

  struct Result: Sendable {
    var plain: Artifact.Plain
    var ends: [End]
    /// Whether it was stopped since more than the limit came out.
    var isOversized = false

    /// The filter that failed of itself: those before it were cut off by it, those behind it got a stump.
    var failed: Int? {
      let failed = ends.indices.filter { ends[$0].ending != .exited(0) }
      return failed.first { !ends[$0].wasCutOff } ?? failed.last
    }
  }

  /// How long no byte may come before the filters count as hung.
  private static let patience = Duration.seconds(300)
  private static let blockBytes = 256 << 10
  /// How long all of it may take: an hour, and so much for each of its bytes as leaves room for the slowest disk.
  private static func longest(_ bytes: UInt64) -> Duration { .seconds(3600) + .seconds(Int64(bytes / 100_000)) }

  /// - Parameters:
  ///   - target: must not be there yet; made with mode 0600, and left with what came out, whether whole or not.
  ///   - limit: most bytes that may come out.
  /// - Throws: `DrillError`: `artifact-io`, `io`, `filter-failed`, `timed-out`; `CancellationError`.
  static func run(
    _ filters: [Filter], from source: String, to target: String, limit: UInt64 = .max
  ) async throws -> Result {
    precondition(!filters.isEmpty, "a pipe has a filter")
    let subject = (source as NSString).lastPathComponent
    let input = open(source, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard input >= 0 else {
      throw DrillError(.artifactUnreadable, subject: subject, detail: "it cannot be opened: \(systemErrorText())")
    }
    let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard output >= 0 else {
      close(input)
      throw DrillError(.io, subject: subject, detail: "no file can be made for it: \(systemErrorText())")
    }
    defer { close(output) }
    var children: [ChildProcess] = []
    do {
      let end = try await start(filters, reading: input, &children)
      defer { close(end) }
      let stop = Flag()
      let drained = try await onThread {
        try drain(end, into: output, limit: limit, subject: subject) { stop.isRaised }
      } onCancel: {
        stop.raise()
      }
      var ends: [End] = []
      for child in children {
        if drained.isOversized { await child.end() }
        ends.append(End(ending: await settled(child), lines: child.lines))
      }
      return Result(plain: drained.plain, ends: ends, isOversized: drained.isOversized)
    } catch {
      for child in children { await child.end() }
      throw error
    }
  }

  /// Starts them, each reading what the one before it writes.
  ///
  /// - Returns: what the last one writes, to be read and closed. `input` is closed.
  private static func start(
    _ filters: [Filter], reading input: Int32, _ children: inout [ChildProcess]
  ) async throws -> Int32 {
    var upstream = input
    for filter in filters {
      var ends: [Int32] = [-1, -1]
      let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
      guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
        close(upstream)
        throw DrillError(.io, subject: filter.name, detail: "no pipe: \(systemErrorText())")
      }
      var launch = filter.launch
      launch.inputFile = upstream
      launch.output = ends[1]
      defer { close(ends[1]) }
      do {
        children.append(try await ChildProcess.start(launch))
        close(upstream)
        upstream = ends[0]
      } catch {
        close(upstream)
        close(ends[0])
        throw DrillError(.filterFailed, subject: filter.name, detail: "it cannot be started", underlying: error)
      }
    }
    return upstream
  }

  private static func drain(
    _ input: Int32, into output: Int32, limit: UInt64, subject: String, isCancelled: () -> Bool
  ) throws -> (plain: Artifact.Plain, isOversized: Bool) {
    var hash = SHA256()
    var size: UInt64 = 0
    var block = [UInt8](repeating: 0, count: blockBytes)
    let start = ContinuousClock.now
    var last = start
    while true {
      if isCancelled() { throw CancellationError() }
      guard start.duration(to: .now) < longest(size) else {
        throw DrillError(.timedOut, subject: subject, detail: "its filters are too slow: \(size) bytes so far")
      }
      var waiting = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, 100) > 0 else {
        guard last.duration(to: .now) < patience else {
          throw DrillError(
            .timedOut, subject: subject, detail: "no byte came out of its filters for \(Int(patience.seconds)) s")
        }
        continue
      }
      let count = read(input, &block, blockBytes)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      last = .now
      guard size + UInt64(count) <= limit else { return (.init(sizeBytes: size, digest: hash.finalize()), true) }
      size += UInt64(count)
      try block.withUnsafeBytes { bytes in
        hash.update(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        var written = 0
        while written < count {
          let more = write(output, bytes.baseAddress?.advanced(by: written), count - written)
          if more < 0 && errno == EINTR { continue }
          guard more > 0 else {
            throw DrillError(
              .io, subject: subject, detail: "what came out of its filters cannot be written: \(systemErrorText())")
          }
          written += more
        }
      }
    }
    return (.init(sizeBytes: size, digest: hash.finalize()), false)
  }

  /// Its end, which comes soon once nobody reads or writes its pipes any more.
  private static func settled(_ child: ChildProcess) async -> ChildProcess.Ending {
    await child.waitForEnd(within: .seconds(30)) ?? .signalled(SIGKILL)
  }
}
