internal import DrillModel

/// What a server said before it ended, read for why it ended.
struct RedisServerLog {
  /// As the server wrote them.
  var lines: [String]
  /// Bytes of the artifact that it was loading.
  var artifactBytes: UInt64

  /// The last messages that say why, oldest first, without process, time, paths and anything of the data: a server that
  /// finds damage names the key.
  var lastWords: [String] {
    lines.compactMap(message).filter { !$0.isEmpty }.suffix(8).map { withoutPaths(String(unquoted($0).prefix(300))) }
  }

  /// The server cannot itself tell a file that ends too early from memory that it did not get.
  var mayBeMemory: Bool { lines.contains { $0.contains("OOM loading") } }

  /// Whether the server came as far as reading the data: before that, its end says nothing about the data.
  ///
  /// Source: redis 7.0 src/server.c `main`: "Server initialized" precedes `loadDataFromDisk`; redis 3.2 src/server.c and
  /// 2.8 src/redis.c: "Server started".
  var reachedLoading: Bool {
    lines.contains { $0.contains("Server initialized") || $0.contains("Server started, Redis version") }
  }

  /// The error that a server's end while loading stands for. Its exit status says nothing: it may be 0 after a load
  /// that failed.
  ///
  /// Source of the texts: redis 7.0 src/rdb.c, src/server.c, src/zmalloc.c.
  func error(shard: String, ending: ChildProcess.Ending) -> any Error {
    let words = lastWords
    func couldNot(_ code: DrillError.Code, _ detail: String) -> DrillError {
      let last = words.suffix(2).joined(separator: " · ")
      return DrillError(code, stage: .restore, subject: shard, detail: last.isEmpty ? detail : "\(detail): \(last)")
    }
    guard reachedLoading else { return couldNot(.serverFailed, "the server ended before it read the data") }
    if lines.contains(where: { $0.contains("can't open the RDB file") || $0.contains("configured to handle more than") }
    ) {
      return couldNot(.serverFailed, "the server could not be made to read the data")
    }
    // 137: bubblewrap's way to say that the server was killed, which only the kernel does here.
    if ranOutOfMemory || ending == .signalled(9) || ending == .exited(137) {
      return couldNot(
        .memoryBudget, "the server ran out of memory while loading; give it more, or restore fewer shards at a time")
    }
    if let module = missingModule {
      return DrillError(.moduleMissing, stage: .restore, subject: shard, detail: ModuleType.missing(module))
    }
    return RestoreRejected(
      shard: shard, serverLines: words, isVersion: lines.contains { $0.contains("Can't handle RDB format version") })
  }

  /// The type (`ReJSON-RL`) of data that belongs to a module which the server has not loaded: that says nothing about the
  /// data. Source: redis 7.0 src/rdb.c `rdbLoadObject`, `rdbLoadRioWithLoadingCtx`; the same in 4.0 and valkey 9.0.
  private var missingModule: String? {
    for line in lines where line.contains("module data I can't load") {
      guard let mark = line.firstRange(of: "no matching module") else { continue }
      let quoted = line[mark.upperBound...].split(separator: "'", omittingEmptySubsequences: false)
      if quoted.count >= 2 { return String(quoted[1]) }
    }
    return nil
  }

  /// Whether memory that the data may truly need was not to be had. A length beyond what the file could ever expand to
  /// is damage.
  private var ranOutOfMemory: Bool {
    // LZF's longest copy: 264 bytes from 3. Source: liblzf lzf_d.c.
    let most = artifactBytes.multipliedReportingOverflow(by: 88)
    return lines.contains { line in
      for mark in ["Out Of Memory allocating ", "failed allocating "] {
        guard let found = line.firstRange(of: mark) else { continue }
        guard let bytes = UInt64(line[found.upperBound...].prefix { $0.isNumber }) else { return true }
        return most.overflow || bytes <= max(most.partialValue, 64 << 20)
      }
      return false
    }
  }

  /// `12:M 09 Sep 2001 01:46:40.123 # text` → `text`, and `[12] 09 Sep 01:46:40.123 # text` before 3.0; of the check
  /// that a server makes of a file that it cannot load, only what says where and what.
  ///
  /// Source: redis 7.0 src/server.c `serverLogRaw`, src/redis-check-rdb.c `rdbShowGenericInfo`.
  private func message(_ line: String) -> String? {
    if let end = line.firstIndex(where: { $0 == ":" || $0 == "]" }),
      Int(line[..<end].drop { $0 == "[" }) != nil
    {
      for mark in [" # ", " * ", " - ", " . "] {
        if let found = line.firstRange(of: mark), line.distance(from: line.startIndex, to: found.lowerBound) < 40 {
          return String(line[found.upperBound...])
        }
      }
      return line
    }
    let isTelling = ["[offset", "[additional info] While doing", "[additional info] Reading type"].contains {
      line.hasPrefix($0)
    }
    return isTelling && !line.contains("AUX FIELD")
      ? line : (reachedLoading ? nil : line)
  }

  /// What stands in quotes is a key, but for the type of a module's value, which is what one needs to know.
  private func unquoted(_ line: String) -> String {
    guard !line.contains("module type"), let first = line.firstIndex(of: "'"), let last = line.lastIndex(of: "'"),
      first < last
    else { return line }
    return line[...first] + "…" + line[last...]
  }
}
