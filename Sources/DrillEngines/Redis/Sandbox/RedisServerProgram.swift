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
        default: RDBFormat.Family.redis.versions.upperBound
        }
      case (.redis, .valkey): nil
      case (.valkey, .redis): 11
      case (.valkey, .valkey): major < 9 ? nil : RDBFormat.Family.valkey.versions.upperBound
      }
    }

    /// Whether it knows nothing of what 7.0 brought.
    var isBefore7: Bool { major < 7 }

    /// Which servers would do for a format: `Redis 7.2 or newer, or Valkey, would`.
    static func loading(_ format: RDBVersion) -> String {
      guard format.number <= format.family.versions.upperBound else {
        return "it is newer than every server that this version of firedrill knows"
      }
      guard format.family == .redis else { return "Valkey 9.0 or newer would" }
      let oldest =
        switch format.number {
        case ...6: "2.6"
        case 7: "3.2"
        case 8: "4.0"
        case 9: "5.0"
        case 10: "7.0"
        case 11: "7.2"
        default: "7.4"
        }
      return "Redis \(oldest) or newer\(format.number <= 11 ? ", or Valkey," : "") would"
    }
  }

  /// Whether it knows nothing of what 7.0 brought; one of unknown version is taken to know.
  var isBefore7: Bool { version?.isBefore7 ?? false }

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

  /// For each file's shard the first program that loads it, of those that the drill names, else of those on PATH.
  ///
  /// - Throws: `DrillError` with `server-missing` where there is none; ``RestoreRejected`` where none loads a file: a
  ///   restore would fail, whatever the file holds.
  static func choose(named names: [String], for files: [ArtifactFile]) async throws -> [String: RedisServerProgram] {
    let wanted = names.isEmpty ? ["redis-server", "valkey-server"] : names
    let paths = wanted.compactMap { SandboxTools.executable($0) }
    // One of the standard names is enough; of those that a drill names none may be missing.
    guard !paths.isEmpty, names.isEmpty || paths.count == names.count else {
      let missing = wanted.first { SandboxTools.executable($0) == nil } ?? wanted[0]
      throw DrillError(
        .serverMissing, stage: .restore, subject: missing,
        detail: "no such program; install it (apt-get install redis-server), or say in the drill file where it is")
    }
    var programs: [RedisServerProgram] = []
    for path in paths { programs.append(await probe(path)) }
    var chosen: [String: RedisServerProgram] = [:]
    for file in files {
      let format = file.snapshotPath.flatMap { RDBVersion(ofFile: $0) }
      let isMultiPart = file.format == AOFFormat.manifest
      let loading = programs.first { program in
        format.map { program.loads($0) } ?? true && !(isMultiPart && program.isBefore7)
      }
      guard let loading else {
        let servers = programs.map { $0.version?.description ?? $0.path }.joined(separator: ", ")
        let beyond = format.flatMap { format in programs.contains { $0.loads(format) } ? nil : format }
        let line =
          beyond.map { "format \($0) is not loaded by \(servers); \(Version.loading($0))" }
          ?? "a log of several files is loaded since 7.0, not by \(servers)"
        throw RestoreRejected(shard: file.shard, serverLines: [line], isVersion: true)
      }
      chosen[file.shard] = loading
    }
    return chosen
  }
}
