import DrillEngines
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("firedrill seal over SQLite files")
struct SealSQLiteTests {
  /// A database that some application wrote, in a folder of its own.
  private func make(_ bench: TestBench, _ sql: String = "") async throws -> String {
    try FileManager.default.createDirectory(atPath: bench.folder + "/app", withIntermediateDirectories: true)
    let shell = try #require(SandboxTools.executable("sqlite3"))
    let path = bench.folder + "/app/app.sqlite"
    let rows = (0..<50).map { "INSERT INTO item VALUES (\($0), 'number \($0)');" }.joined()
    try await ChildProcess.with(
      .init(
        executable: shell, arguments: [path, "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT);" + rows + sql])
    ) { #expect(await $0.waitForEnd() == .exited(0)) }
    _ = try Firedrill.keygen(out: bench.folder + "/seal")
    return path
  }

  private func seal(_ bench: TestBench, _ arguments: [String]) async throws -> FiredrillProcess.Ending {
    try await FiredrillProcess.run(
      ["seal"] + arguments + ["--cluster", "app", "--key", bench.folder + "/seal"], in: bench)
  }

  @Test("needs to be told the cut, says so in the proof, and the backup checks out")
  func cut() async throws {
    try await TestBench.with { bench in
      let path = try await make(bench)
      let untold = try await seal(bench, [path, "--to", bench.catalog])
      #expect(untold.status == 64 && untold.errors.contains("--cut"), "\(untold.errors)")
      let future = try await seal(bench, [path, "--to", bench.catalog, "--cut", "2999-01-01T00:00:00Z"])
      #expect(future.status == 64 && future.errors.contains("future"), "\(future.errors)")
      let ending = try await seal(bench, [path, "--to", bench.catalog, "--cut", "2026-01-31T04:00:00Z", "--json"])
      #expect(ending.status == 0, "\(ending.errors)")
      let manifest = try ending.json()
      let id = try #require(manifest["backup"] as? String)
      #expect(id.hasPrefix("app-20260131T040000Z-"))
      let proof = (manifest["cut"] as? [String: Any])?["proof"] as? [String] ?? []
      #expect(proof.contains { $0.contains("stated with --cut") })
      let check = try await FiredrillProcess.run(
        ["check", id, "--catalog", bench.catalog, "--trust", bench.folder + "/seal.pub"], in: bench)
      #expect(check.status == 0, "\(check.output)")
    }
  }

  @Test("is refused where a log with content lies beside the file")
  func log() async throws {
    try await TestBench.with { bench in
      let path = try await make(bench)
      try bench.write("not empty", to: "app/app.sqlite-wal")
      let ending = try await seal(bench, [path, "--to", bench.catalog, "--cut", "2026-01-31T04:00:00Z"])
      #expect(ending.status == 2 && ending.errors.contains("VACUUM INTO"), "\(ending.errors)")
    }
  }

  @Test("in place hashes what lies beside it too, and is never done twice")
  func inPlace() async throws {
    try await TestBench.with { bench in
      _ = try await make(bench)
      try bench.write("how it was made", to: "app/NOTES")
      let arguments = [bench.folder + "/app", "--in-place", "--cut", "2026-01-31T04:00:00Z"]
      let ending = try await seal(bench, arguments)
      #expect(ending.status == 0, "\(ending.errors)")
      let check = {
        try await FiredrillProcess.run(
          ["check", bench.folder + "/app", "--trust", bench.folder + "/seal.pub"], in: bench)
      }
      #expect(try await check().status == 0)
      #expect(try await seal(bench, arguments).status == 64)
      try bench.write("somebody wrote here", to: "app/NOTES")
      let changed = try await check()
      #expect(changed.status == 1 && changed.output.contains("size-mismatch"), "\(changed.output)")
    }
  }

  @Test("a file of another engine beside it is refused, and a file that only its name makes a database is damaged")
  func content() async throws {
    try await TestBench.with { bench in
      let path = try await make(bench)
      let snapshot =
        Array("REDIS0011".utf8) + [0xff, 0xc0, 0x22, 0x8a, 0x8d, 0x74, 0x38, 0x97, 0x62].dropFirst(0).prefix(9)
      try Data(snapshot).write(to: URL(fileURLWithPath: bench.folder + "/app/other"))
      let mixed = try await seal(
        bench, [bench.folder + "/app", "--to", bench.catalog, "--cut", "2026-01-31T04:00:00Z"])
      #expect(mixed.status == 64 && mixed.errors.contains("one engine"), "\(mixed.errors)")
      try FileManager.default.removeItem(atPath: bench.folder + "/app/other")
      try bench.write("this is text", to: "app/more.db")
      let damaged = try await seal(
        bench, [bench.folder + "/app", "--to", bench.catalog, "--cut", "2026-01-31T04:00:00Z"])
      #expect(
        damaged.status == 1 && damaged.output.contains("artifact-unreadable"), "\(damaged.errors)\(damaged.output)")
      _ = path
    }
  }

  @Test("what nobody sealed is inspected, listed and checked as that")
  func looks() async throws {
    try await TestBench.with { bench in
      let path = try await make(bench)
      let inspected = try await FiredrillProcess.run(["inspect", path], in: bench)
      #expect(inspected.status == 0 && inspected.output.contains("UNSEALED"), "\(inspected.errors)")
      let listed = try await FiredrillProcess.run(["catalog", "list", bench.folder], in: bench)
      #expect(listed.status == 0 && listed.output.contains("app  changed "), "\(listed.output)\(listed.errors)")
      let checked = try await FiredrillProcess.run(["check", bench.folder + "/app", "--unsigned"], in: bench)
      #expect(checked.status == 0 && checked.output.contains("unsealed"), "\(checked.output)\(checked.errors)")
      let trusting = try await FiredrillProcess.run(
        ["check", bench.folder + "/app", "--trust", bench.folder + "/seal.pub"], in: bench)
      #expect(trusting.status == 1 && trusting.output.contains("manifest-unreadable"), "\(trusting.output)")
    }
  }

  @Test("an unsealed file with a hot log beside it is drilled with the log applied, and the run says so")
  func unsealedWithLog() async throws {
    try await TestBench.with { bench in
      let folder = bench.folder + "/app"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try ForeignDatabase.withHotCopy(
        ["PRAGMA journal_mode=WAL", "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)"],
        ["INSERT INTO item VALUES (1, 'in the log alone')"]
      ) { path in
        for suffix in ["", "-wal"] {
          try FileManager.default.copyItem(atPath: path + suffix, toPath: folder + "/app.sqlite" + suffix)
        }
      }
      _ = try bench.write(
        "cluster: app\nengine: sqlite\nfiles:\n  - {shard: app, path: app/app.sqlite}\n", to: "app.yaml")
      let drill = try bench.write(
        "drill: hot\nseed: 5\ncluster: app.yaml\nbackup: {unsealed: \(folder)}\nlevel: restored\n"
          + "ledger: ledger.sqlite\nsandbox: {folder: work}\n", to: "drill.yaml")
      let run = try #require(try await Firedrill.run(drill: drill, options: RunOptions(showsKeys: true)).first).run
      expect(run, .pass)
      #expect(run.level == .restored)
      #expect(run.notes.contains { $0.contains("the -wal beside it was applied") }, "\(run.notes)")
      // What the database says of itself, the table's definition and its row.
      let records = try #require(run.coverage.first { $0.of == "records of the artifacts" }?.coverage)
      #expect(records.declared == 3)
      #expect(!run.notes.contains { $0.contains("not looked into") }, "\(run.notes)")
      let inspected = try await FiredrillProcess.run(["inspect", folder], in: bench)
      #expect(inspected.output.contains("NOT WHOLE"), "\(inspected.output)")
    }
  }
}
