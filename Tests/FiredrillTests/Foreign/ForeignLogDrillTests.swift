import DrillEngines
import DrillModel
import DrillProduction
import Firedrill
import Foundation
import Testing

/// The append-only logs of the same cluster, copied from its masters' folders.
@Suite("Append-only logs that a cron job copied from a Redis Cluster", .copiedDumps, .serialized)
struct ForeignLogDrillTests {
  /// Lets each master write a log, with time stamps, and copies them to `<shelf>/logs/<node id>/appendonlydir`.
  private func copyLogs(_ bench: ForeignBench) async throws -> String {
    let dumps = try #require(CopiedDumps.current)
    var folders: [String] = []
    for master in dumps.cluster.masters {
      try await RedisConnection.with(master) { connection in
        for (name, value) in [
          ("aof-timestamp-enabled", "yes"), ("appendfsync", "always"), ("appendonly", "yes"),
        ] { #expect(try await connection.ask("CONFIG", "SET", name, value).text == "OK") }
        let reply = try await connection.ask("CONFIG", "GET", "dir")
        let folder = try #require(reply.array?.last?.text) + "/appendonlydir"
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
          let info = try await connection.ask("INFO", "persistence").text ?? ""
          if info.contains("aof_rewrite_in_progress:0"), info.contains("aof_rewrite_scheduled:0"),
            FileManager.default.fileExists(atPath: folder + "/appendonly.aof.manifest")
          {
            break
          }
          try #require(.now < deadline, "the log is not written")
          try await Task.sleep(for: .milliseconds(5))
        }
        folders.append(folder)
      }
    }
    for number in 0..<60 { try await dumps.cluster.send("SET", "logged-\(number)", "value \(number)") }
    let logs = bench.folder + "/shelf/logs"
    for (node, folder) in zip(bench.nodes, folders) {
      try FileManager.default.createDirectory(atPath: "\(logs)/\(node)", withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: folder, toPath: "\(logs)/\(node)/appendonlydir")
    }
    return logs
  }

  /// The files of a node's log, the manifest's names first.
  private func part(_ logs: String, _ node: String, _ ending: String) throws -> String {
    let folder = "\(logs)/\(node)/appendonlydir"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(ending) }.sorted()
    return "\(folder)/\(try #require(names.last, "no file ends with \(ending)"))"
  }

  private func append(_ bytes: [UInt8], to path: String) throws {
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    data += bytes
    try data.write(to: URL(fileURLWithPath: path))
  }

  private func seal(_ bench: ForeignBench, _ arguments: [String]) async throws -> FiredrillProcess.Ending {
    try await FiredrillProcess.run(
      ["seal"] + arguments + [
        "--cluster", "shop", "--key", bench.folder + "/seal", "--topology", bench.folder + "/nodes.conf", "--json",
      ], in: bench.bench)
  }

  private let torn = Array("*3\r\n$3\r\nSET\r\n$4\r\nlost".utf8)

  @Test("are sealed as copies and in place, and drilled to restored by their manifest; a byte changed since is found")
  func sealed() async throws {
    try await CopiedDumps.withBench { bench in
      let logs = try await copyLogs(bench)
      try append(torn, to: part(logs, bench.nodes[2], ".incr.aof"))
      let copied = try await seal(bench, [logs, "--to", bench.bench.catalog])
      #expect(copied.status == 0, "\(copied.errors)\(copied.output)")
      let manifest = try copied.json()
      let id = try #require(manifest["backup"] as? String)
      let proof = (manifest["cut"] as? [String: Any])?["proof"] as? [String] ?? []
      #expect(proof.contains { $0.contains("#TS") }, "\(proof)")
      #expect(proof.contains { $0.contains("last \(torn.count) bytes are no whole command") }, "\(proof)")
      let drill = DrillBench(folder: bench.folder, backup: id, catalog: "catalog")
      let artifacts = try drill.manifest().artifacts
      #expect(artifacts.filter { $0.format == "aof-manifest" }.compactMap(\.shard).sorted() == bench.nodes.sorted())
      #expect(artifacts.filter { $0.format == "aof-part" }.count >= 6 && artifacts.allSatisfy { $0.role == .data })
      let run = try await drill.run(.init(catalog: "catalog", level: .restored))
      expectClean(run, at: .restored)
      #expect(run.level == .restored && !run.isUnsealed)

      let placed = try await seal(bench, [logs, "--in-place"])
      #expect(placed.status == 0, "\(placed.errors)\(placed.output)")
      let inPlace = DrillBench(folder: bench.folder, backup: "logs", catalog: "shelf")
      expectClean(try await inPlace.run(.init(catalog: "shelf", level: .restored)), at: .restored)
      let changed = try part(logs, bench.nodes[0], ".base.rdb")
      try bench.flip(changed, fromEnd: 1)
      let after = try await inPlace.run(.init(catalog: "shelf", level: .restored))
      #expect(after.verdict == .fail)
      #expect(
        after.findings(.checksumMismatch).map(\.subject.artifact) == [
          String(changed.dropFirst(logs.count + 1))
        ])
    }
  }

  @Test(
    "of several shards are sealed again as they grew, each told by the name it had in the full backup, or by what is stated"
  )
  func grown() async throws {
    try await CopiedDumps.withBench { bench in
      let dumps = try #require(CopiedDumps.current)
      func again(_ number: Int) async throws -> String {
        for index in 0..<60 { try await dumps.cluster.send("SET", "grown-\(index)", "\(number)") }
        try FileManager.default.removeItem(atPath: bench.folder + "/shelf/logs")
        return try await copyLogs(bench)
      }
      func id(_ ending: FiredrillProcess.Ending) throws -> String {
        #expect(ending.status == 0, "\(ending.errors)\(ending.output)")
        return try #require(try ending.json()["backup"] as? String)
      }
      func sealIncrement(_ paths: [String], on: String, _ more: [String] = []) async throws -> FiredrillProcess.Ending {
        try await FiredrillProcess.run(
          ["seal"] + paths + [
            "--cluster", "shop", "--key", bench.folder + "/seal", "--to", bench.bench.catalog, "--on", on, "--json",
          ] + more, in: bench.bench)
      }
      let full = try id(try await seal(bench, [try await copyLogs(bench), "--to", bench.bench.catalog]))
      let first = try id(try await sealIncrement([try await again(1)], on: full))
      let logs = try await again(2)
      let exchanged = zip(bench.nodes, [1, 0, 2]).flatMap { node, index in
        ["--shard", "\(node)=\(logs)/\(bench.nodes[index])/appendonlydir"]
      }
      let wrong = try await sealIncrement([logs], on: first, exchanged)
      #expect(wrong.status == 2 && wrong.errors.contains("capture-refused"), "\(wrong.errors)\(wrong.output)")
      let renamed = bench.folder + "/renamed"
      try FileManager.default.moveItem(atPath: logs, toPath: renamed)
      for (index, node) in bench.nodes.enumerated() {
        try FileManager.default.moveItem(atPath: "\(renamed)/\(node)", toPath: "\(renamed)/master-\(index)")
      }
      let untold = try await sealIncrement([renamed], on: first)
      #expect(untold.status == 64 && untold.errors.contains("--shard NAME=PATH"), "\(untold.errors)")
      let stated = bench.nodes.enumerated().flatMap { ["--shard", "\($1)=\(renamed)/master-\($0)/appendonlydir"] }
      let second = try id(try await sealIncrement([renamed], on: first, stated))
      let end = try id(try await seal(bench, [renamed, "--to", bench.bench.catalog] + stated))
      let drill = DrillBench(folder: bench.folder, backup: second, catalog: "catalog")
      let run = try await drill.run(
        .init(
          catalog: "catalog", level: .content,
          more: ["backup: {id: \(second), at: {backup: \(end)}}", "reference: {backup: \(end)}"]))
      expectClean(run, at: .content)
      #expect(run.drift.isEmpty && run.backups.first?.chain?.links.map(\.backup) == [full, first, second])
    }
  }

  @Test("pass at level restored without a manifest of ours; a torn tail is told, a file that is missing is a finding")
  func unsealed() async throws {
    try await CopiedDumps.withBench { bench in
      let logs = try await copyLogs(bench)
      let unsealed = "{unsealed: \(logs), topology: nodes.conf}"
      let clean = try await bench.run(unsealed, name: "clean")
      expect(clean, .pass)
      #expect(clean.level == .restored && clean.isUnsealed)
      #expect(clean.backups.first?.unsealed?.cutFrom.contains("#TS") == true)
      let bytes = try #require(clean.coverage.first { $0.stage == .integrity }?.coverage)
      #expect(bytes.skipped[.unsealed] == bytes.declared && bytes.declared > 0)
      let inspected = try await FiredrillProcess.run(["inspect", logs], in: bench.bench)
      #expect(inspected.status == 0 && inspected.output.contains("artifacts  3"), "\(inspected.output)")
      let listed = try await FiredrillProcess.run(
        ["catalog", "list", bench.folder + "/shelf", "--json"], in: bench.bench)
      #expect(listed.status == 0 && listed.output.contains("\"aof-manifest\""), "\(listed.output)")
      let checked = try await FiredrillProcess.run(["check", logs, "--unsigned"], in: bench.bench)
      #expect(checked.status == 0 && checked.output.contains("unsealed"), "\(checked.output)\(checked.errors)")

      let increment = try part(logs, bench.nodes[1], ".incr.aof")
      try append(torn, to: increment)
      let cut = try await bench.run(unsealed, name: "torn")
      expect(cut, .pass)
      let decoded = try #require(cut.coverage.first { $0.stage == .decode && $0.of == "bytes of the artifacts" })
      #expect(decoded.coverage.skipped[.tornTail] == UInt64(torn.count), "\(decoded)")
      #expect(cut.notes.contains { $0.contains("part of a command") })

      try FileManager.default.removeItem(atPath: increment)
      let short = try await bench.run(unsealed, name: "short")
      expect(short, .fail, [.artifactMissing], at: .decode)
      // What is missing is the file that would say when the log ends.
      let refused = try await seal(bench, [logs, "--to", bench.bench.catalog, "--cut", "2026-01-31T04:00:00Z"])
      #expect(refused.status == 1 && refused.output.contains("artifact-missing"), "\(refused.output)\(refused.errors)")
    }
  }

  @Test("of one file, a snapshot and the commands after it, passes however it is named")
  func single() async throws {
    try await CopiedDumps.withBench { bench in
      let logs = try await copyLogs(bench)
      let base = try Data(contentsOf: URL(fileURLWithPath: part(logs, bench.nodes[0], ".base.rdb")))
      let increment = try Data(contentsOf: URL(fileURLWithPath: part(logs, bench.nodes[0], ".incr.aof")))
      for name in ["appendonly.aof", "shop-0.backup"] {
        let path = "\(bench.folder)/shelf/\(name)"
        try (base + increment + torn).write(to: URL(fileURLWithPath: path))
        let run = try await bench.run("{unsealed: \(path)}", name: "single")
        expect(run, .pass, [], "\(name)")
        #expect(run.level == .restored && run.notes.contains { $0.contains("part of a command") })
      }
    }
  }

  @Test("beside a snapshot of the same server are refused together, and taken when one of the two is named")
  func rivals() async throws {
    try await CopiedDumps.withBench { bench in
      let logs = try await copyLogs(bench)
      let data = "\(logs)/\(bench.nodes[0])"
      try FileManager.default.copyItem(atPath: bench.dump(0), toPath: data + "/dump.rdb")
      let both = try await bench.run("{unsealed: \(data)}", name: "both")
      expect(both, .inconclusive, obstacles: [.usage])
      #expect(both.obstacles.contains { $0.detail.contains("name one of the two") }, "\(both.obstacles)")
      let sealing = try await seal(bench, [data, "--to", bench.bench.catalog])
      #expect(sealing.status == 64 && sealing.errors.contains("name one of the two"), "\(sealing.errors)")
      let inspected = try await FiredrillProcess.run(["inspect", data], in: bench.bench)
      #expect(inspected.status == 0 && inspected.output.contains("name one of the two"), "\(inspected.output)")
      for name in ["dump.rdb", "appendonlydir", "appendonlydir/appendonly.aof.manifest"] {
        let run = try await bench.run("{unsealed: \(data)/\(name)}", name: "one")
        expect(run, .pass, [], "\(name)")
        #expect(run.level == .restored)
      }
    }
  }

  @Test("a snapshot that does not say when it was begun is restored at the time of its file, and the run says so")
  func withoutTime() async throws {
    try await CopiedDumps.withBench { bench in
      let path = bench.folder + "/shelf/old.rdb"
      try FileManager.default.createDirectory(atPath: bench.folder + "/shelf", withIntermediateDirectories: true)
      try Data(KeptBackups.rdb([0: [.init("kept", "1")]])).write(to: URL(fileURLWithPath: path))
      let run = try await bench.run("{unsealed: \(path)}", name: "untold")
      expect(run, .pass)
      #expect(run.backups.first?.cut == nil)
      #expect(run.notes.contains { $0.hasPrefix("the cut is unknown") }, "\(run.notes)")
      let stated = try await bench.run("{unsealed: \(path), cut: 2026-01-31T04:00:00Z}", name: "stated")
      expect(stated, .pass)
      #expect(stated.backups.first?.cut != nil)
    }
  }
}
