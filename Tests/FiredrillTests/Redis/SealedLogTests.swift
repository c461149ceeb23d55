import DrillEngines
import DrillModel
import Firedrill
import Foundation
import Testing

/// A real server's log of several files, sealed by `firedrill seal` and again `--on` what was sealed.
private struct SealedLog: Sendable {
  let redis: UnixRedis
  let bench: DrillBench

  static let options = ["appendonly yes", "aof-timestamp-enabled yes", "appendfsync always"]

  var live: String { redis.folder + "/appendonlydir" }

  static func with(_ body: (SealedLog) async throws -> Void) async throws {
    try await TemporaryFolder.with { folder in
      for name in ["seal", "other"] { _ = try Firedrill.keygen(out: "\(folder)/\(name)") }
      try await UnixRedis.with(folder + "/server", options: options) { redis in
        let cluster = "cluster: shop\nengine: redis\nmode: standalone\nnodes: [\"\(redis.url)\"]\n"
        try Data(cluster.utf8).write(to: URL(fileURLWithPath: folder + "/shop.yaml"))
        let log = SealedLog(redis: redis, bench: DrillBench(folder: folder, backup: ""))
        try await log.write(0)
        try await body(log)
      }
    }
  }

  /// Writes, in two databases and within a transaction too.
  func write(_ round: Int) async throws {
    try await redis.send(
      [["SELECT", "0"]]
        + (0..<20).map { ["SET", "log:\($0)", "value \(round) of \($0)"] } + [
          ["DEL", "log:\(round)"], ["MULTI"], ["INCR", "counter"], ["RPUSH", "list", "\(round)"], ["EXEC"],
          ["SELECT", "3"], ["HSET", "hash", "round", "\(round)"],
        ])
  }

  /// Waits until a later write is made in another second than all before.
  func pass(_ time: Instant) async throws {
    while Instant.now.millisecondsSince1970 / 1000 <= time.millisecondsSince1970 / 1000 {
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  func seal(
    _ path: String? = nil, on: String? = nil, key: String = "seal", _ more: String...
  ) async throws
    -> FiredrillProcess.Ending
  {
    try await FiredrillProcess.run(
      ["seal", path ?? live, "--cluster", "shop", "--to", bench.catalog, "--key", "\(bench.folder)/\(key)", "--json"]
        + (on.map { ["--on", $0] } ?? []) + more, in: TestBench(folder: bench.folder))
  }

  func sealed(_ path: String? = nil, on: String? = nil) async throws -> Manifest {
    let ending = try await seal(path, on: on)
    try #require(ending.status == 0, "\(ending.errors)\(ending.output)")
    let id = try #require(try ending.json()["backup"] as? String)
    let manifest = try bench.about(id).manifest()
    #expect(manifest.kind == (on == nil ? .full : .incremental) && (on == nil || manifest.predecessor?.backup == on))
    return manifest
  }

  /// A copy of the log as it lies there now, with bytes at the end of its last file.
  func copy(_ name: String, ending bytes: [UInt8] = []) throws -> String {
    let copy = "\(bench.folder)/\(name)"
    try FileManager.default.copyItem(atPath: live, toPath: copy)
    guard !bytes.isEmpty else { return copy }
    let names = try FileManager.default.contentsOfDirectory(atPath: copy).filter { $0.hasSuffix(".incr.aof") }.sorted()
    let last = try #require(names.last)
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(copy)/\(last)"))
    try file.seekToEnd()
    try file.write(contentsOf: Data(bytes))
    try file.close()
    return copy
  }

  func drill(_ backup: String, level: Level = .content, reference: String? = nil) async throws -> Run {
    try await bench.run(
      .init(
        level: level, more: ["backup: \(backup)"] + (reference.map { ["reference: {backup: \($0)}"] } ?? [])))
  }

  /// Nothing came into the catalog, and the words say why and what to do.
  func refused(_ ending: FiredrillProcess.Ending, _ words: String..., from before: [String]) throws {
    #expect(ending.status == 2, "\(ending.errors)\(ending.output)")
    for text in words { #expect(ending.errors.contains(text), "\(ending.errors)") }
    #expect(try backups() == before)
  }

  func backups() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: bench.catalog).filter { !$0.hasPrefix(".") }.sorted()
  }

  static func encoded(_ words: String...) -> [UInt8] {
    words.reduce(into: Array("*\(words.count)\r\n".utf8)) { bytes, word in
      bytes += Array("$\(word.utf8.count)\r\n\(word)\r\n".utf8)
    }
  }
}

@Suite("A drill of a server's append-only log that was sealed again as it grew")
struct SealedLogTests {
  @Test("restores its end, a time and another seal's cut, each equal to a full seal of the log as it was then")
  func points() async throws {
    try await SealedLog.with { log in
      let full = try await log.sealed()
      try await log.pass(.now)
      try await log.write(1)
      let time = Instant.now
      let then = try await log.sealed(try log.copy("then"))
      try await log.pass(time)
      try await log.write(2)
      let first = try await log.sealed(on: full.backup)
      #expect(first.since == full.cut.positions && first.artifacts.map(\.format) == ["aof-stream"])
      try await log.pass(.now)
      try await log.write(3)
      let second = try await log.sealed(on: first.backup)
      let end = try await log.sealed(try log.copy("end"))
      #expect(end.cut.positions == second.cut.positions && then.cut.positions != first.cut.positions)
      #expect(full.cut.time < then.cut.time && then.cut.time < first.cut.time && first.cut.time < second.cut.time)

      let restored = try await log.drill("{id: \(second.backup)}", level: .restored)
      expectClean(restored, at: .restored)
      #expect(restored.backups.first?.chain?.links.map(\.backup) == [full, first, second].map(\.backup))
      for (point, other) in [
        ("{backup: \(end.backup)}", end), ("\(time)", then), ("{backup: \(then.backup)}", then),
      ] {
        let run = try await log.drill("{id: \(second.backup), at: \(point)}", reference: other.backup)
        expectClean(run, at: .content, point)
        let reached = run.backups.first?.cut?.positions
        #expect(run.drift.isEmpty && reached == other.cut.positions, "\(point)")
      }
      // What is compared is not the same whatever the point.
      let other = try await log.drill("{id: \(second.backup), at: {backup: \(end.backup)}}", reference: then.backup)
      #expect(other.verdict != .pass)
      let check = try await FiredrillProcess.run(
        ["chain", "check", log.bench.catalog, "--trust", log.bench.folder + "/seal.pub"],
        in: TestBench(folder: log.bench.folder))
      #expect(check.status == 0, "\(check.errors)\(check.output)")
    }
  }

  @Test("leaves a torn tail and a transaction without its end to the next increment, and goes on from there")
  func unfinished() async throws {
    try await SealedLog.with { log in
      let full = try await log.sealed()
      try await log.write(1)
      let torn = Array(SealedLog.encoded("SET", "lost", "never").dropLast(4))
      let first = try await log.sealed(try log.copy("torn", ending: torn), on: full.backup)
      #expect(first.cut.proof.contains { $0.contains("last \(torn.count) bytes are no whole command") })
      let whole = try await log.sealed(try log.copy("whole"))
      #expect(whole.cut.positions == first.cut.positions)
      expectClean(
        try await log.drill("{id: \(first.backup), at: {backup: \(whole.backup)}}", reference: whole.backup),
        at: .content)

      try await log.write(2)
      let open = SealedLog.encoded("MULTI") + SealedLog.encoded("SET", "lost", "never")
      let second = try await log.sealed(try log.copy("open", ending: open), on: first.backup)
      #expect(second.cut.proof.contains { $0.contains("last \(open.count) bytes are no whole command") })
      try await log.write(3)
      let third = try await log.sealed(on: second.backup)
      let end = try await log.sealed(try log.copy("end"))
      let run = try await log.drill("{id: \(third.backup), at: {backup: \(end.backup)}}", reference: end.backup)
      expectClean(run, at: .content)
      #expect(run.backups.first?.chain?.links.count == 4)
      let empty = try await log.sealed(on: third.backup)
      #expect(empty.cut.positions == third.cut.positions)
      expectClean(try await log.drill("{id: \(empty.backup)}", level: .restored), at: .restored)
    }
  }

  @Test("another server's log and one that was rewritten are refused; a full seal of it can be gone on from")
  func refused() async throws {
    try await SealedLog.with { log in
      let full = try await log.sealed()
      try await log.write(1)
      let first = try await log.sealed(on: full.backup)
      let before = try log.backups()
      try await UnixRedis.with(log.bench.folder + "/other-server", options: SealedLog.options) { redis in
        let other = SealedLog(redis: redis, bench: log.bench)
        for round in 4..<9 { try await other.write(round) }
        try log.refused(
          try await log.seal(other.live, on: first.backup), "capture-refused", "it is another log", "without --on",
          from: before)
      }
      try log.refused(
        try await log.seal(on: full.backup), "capture-refused", "\(first.backup) is made on it already", from: before)
      try await log.redis.send([["BGREWRITEAOF"]])
      let deadline = ContinuousClock.now + .seconds(60)
      while try await !(log.redis.connection.ask("INFO", "persistence").text ?? "").contains(
        "aof_rewrite_in_progress:0")
      {
        try #require(.now < deadline, "the log is not rewritten")
        try await Task.sleep(for: .milliseconds(5))
      }
      try await log.write(2)
      try log.refused(
        try await log.seal(on: first.backup), "capture-refused", "rewritten", "seal a full backup, without --on",
        from: before)
      // A file of a log that begins within a second has no time stamp of that.
      try await log.pass(.now)
      try await log.write(2)
      let again = try await log.sealed()
      try await log.write(3)
      let second = try await log.sealed(on: again.backup)
      expectClean(try await log.drill("{id: \(second.backup)}", level: .restored), at: .restored)
    }
  }

  @Test("goes on from what another key signed where that key is trusted, and is refused where it is not")
  func otherKey() async throws {
    try await SealedLog.with { log in
      let full = try await log.sealed()
      try await log.write(1)
      let before = try log.backups()
      try log.refused(
        try await log.seal(on: full.backup, key: "other"), "capture-refused", "signature-untrusted", from: before)
      let trusted = try await log.seal(
        on: full.backup, key: "other", "--trust", log.bench.folder + "/seal.pub")
      #expect(trusted.status == 0, "\(trusted.errors)\(trusted.output)")
    }
  }
}
