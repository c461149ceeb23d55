internal import DrillModel

/// A server's executable, and what it says that it is.
struct RedisServerProgram: Hashable, Sendable {
  var path: String
  /// Nil where it does not say so in words that we know; then it is taken as it is.
  var version: Version?

  struct Version: Hashable, Sendable, CustomStringConvertible {
    var family: RDBFormat.Family
    var major: Int
    var minor: Int
    /// As it says it: `7.0.15`.
    var text: String

    var description: String { "\(family == .valkey ? "valkey" : "redis") \(text)" }

    /// `Redis server v=7.0.15 sha=…`, `Valkey server v=9.1.2 sha=…`.
    init?(parsing line: String) {
      let words = line.split(separator: " ")
      guard let family = RDBFormat.Family(rawValue: words.first.map { $0.uppercased() } ?? ""),
        let text = words.first(where: { $0.hasPrefix("v=") })?.dropFirst(2)
      else { return nil }
      let numbers = text.split(separator: ".").map { Int($0) ?? 0 }
      guard numbers.count >= 2 else { return nil }
      (self.family, major, minor, self.text) = (family, numbers[0], numbers[1], String(text))
    }

    /// The newest format of a family that it loads; nil: none. Source: src/rdb.h `RDB_VERSION` of each release; valkey
    /// 9.0 src/rdb.c `rdbIsForeignVersion`.
    func newest(of family: RDBFormat.Family) -> Int? {
      switch (self.family, family) {
      case (.redis, .redis):
        switch (major, minor) {
        case (..<3, _): 6
        case (3, ..<2): 6
        case (3, _): 7
        case (4, _): 8
        case (5...6, _): 9
        case (7, ..<2): 10
        case (7, ..<4): 11
        default: 12
        }
      case (.redis, .valkey): nil
      case (.valkey, .redis): 11
      case (.valkey, .valkey): major < 9 ? nil : 80
      }
    }
  }

  /// Whether it knows nothing of what 7.0 brought; one of unknown version is taken to know.
  var isBefore7: Bool { version.map { $0.major < 7 } ?? false }

  /// Asks the program. One that does not answer is taken as it is.
  static func probe(_ path: String) async -> RedisServerProgram {
    let launch = ChildProcess.Launch(
      executable: path, arguments: ["--version"], environment: ["PATH": "/usr/bin:/bin"])
    let line = try? await ChildProcess.with(launch) { child in
      _ = await child.waitForEnd()
      return child.lines.first ?? ""
    }
    return RedisServerProgram(path: path, version: line.flatMap { Version(parsing: $0) })
  }

  /// Whether it loads files of this format; one of unknown version is taken to.
  func loads(_ format: RDBVersion) -> Bool {
    guard let version else { return true }
    return version.newest(of: format.family).map { format.number <= $0 } ?? false
  }

  /// The program that the drill names; else the first on PATH that loads all files.
  ///
  /// - Throws: `DrillError` with `server-missing` where there is none; ``RestoreRejected`` where none loads a file: a
  ///   restore would fail, whatever the file holds.
  static func choose(named name: String?, for files: [ArtifactFile]) async throws -> RedisServerProgram {
    let names = name.map { [$0] } ?? ["redis-server", "valkey-server"]
    let paths = names.compactMap { SandboxTools.executable($0) }
    guard !paths.isEmpty else {
      throw DrillError(
        .serverMissing, stage: .restore, subject: names[0],
        detail: "no such program; install it (apt-get install redis-server), or say in the drill file where it is")
    }
    let formats = files.compactMap { file in
      file.snapshotPath.flatMap { RDBVersion(ofFile: $0) }.map { (file.shard, $0) }
    }
    let multiPart = files.first { $0.format == AOFFormat.manifest }
    var programs: [RedisServerProgram] = []
    for path in paths {
      let program = await probe(path)
      let isTooOld = multiPart != nil && program.isBefore7
      if !isTooOld, formats.allSatisfy({ program.loads($0.1) }) { return program }
      programs.append(program)
    }
    let beyond = formats.first { format in programs.contains { !$0.loads(format.1) } }
    let servers = programs.map { $0.version?.description ?? $0.path }.joined(separator: ", ")
    if beyond == nil, let multiPart {
      throw RestoreRejected(
        shard: multiPart.shard, serverLines: ["a log of several files is loaded since 7.0, not by \(servers)"],
        isVersion: true)
    }
    throw RestoreRejected(
      shard: beyond?.0 ?? "", serverLines: ["format \(beyond?.1.description ?? "") is not loaded by \(servers)"],
      isVersion: true)
  }
}
