import DrillModel
import Foundation
import Testing

/// `report`, `serve` and `run --report` as a person types them.
@Suite struct ReportCommandTests {
  /// Two drills of one small backup, one of them after a byte of it was flipped.
  private func drills(_ bench: TestBench) async throws -> (good: String, bad: String, backup: SQLiteBackup) {
    let backup = try await SQLiteBackup.make(in: bench)
    let drill = try bench.write(
      "drill: nightly\ncluster: cluster.yaml\ncatalog: catalog\ntrust: seal.pub\nlevel: restored\nseed: 1\n",
      to: "nightly.yaml")
    let first = try await FiredrillProcess.run(["run", drill, "--report", bench.folder + "/good.html"], in: bench)
    #expect(first.status == 0, "\(first.output)\(first.errors)")
    #expect(first.errors.hasSuffix("report: \(bench.folder)/good.html\n"), "the last line names the report")
    let artifact = backup.folder + "/only.sqlite"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: artifact))
    bytes[bytes.count / 2] ^= 0x20
    try bytes.write(to: URL(fileURLWithPath: artifact))
    let second = try await FiredrillProcess.run(
      ["run", drill, "--report", bench.folder + "/reports", "--json"], in: bench)
    #expect(second.status == 1)
    let run = try #require((try second.json()["run"] as? [String: Any])?["id"] as? String)
    #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder + "/reports") == [run + ".html"])
    return (
      try String(contentsOfFile: bench.folder + "/good.html", encoding: .utf8),
      try String(contentsOfFile: "\(bench.folder)/reports/\(run).html", encoding: .utf8), backup
    )
  }

  @Test("a drill leaves the report that was asked for, whatever it finds, and the ledger gives it again in every form")
  func reports() async throws {
    try await TestBench.with { bench in
      let (good, bad, _) = try await drills(bench)
      #expect(good.contains("badge good") && !good.contains("badge bad"))
      #expect(bad.contains("badge bad") && bad.contains("checksum-mismatch") && !bad.contains("badge good"))
      for (format, text) in [("html", "<!DOCTYPE html>"), ("md", "# FAIL: "), ("json", "{"), ("junit", "<?xml ")] {
        for what in [["latest"], ["--cluster", "shop", "--since", "1d"]] {
          let path = bench.folder + "/out." + format
          let ending = try await FiredrillProcess.run(["report"] + what + ["--format", format, "-o", path], in: bench)
          #expect(
            ending.status == 0 && ending.output.isEmpty && ending.errors == "report: \(path)\n", "\(ending.errors)")
          let written = try String(contentsOfFile: path, encoding: .utf8)
          #expect(written.hasPrefix(text) && written.contains("checksum-mismatch"))
        }
      }
      let json = try await FiredrillProcess.run(["report", "latest", "--json"], in: bench)
      #expect(try json.json()["standing"] as? String == "fail")
    }
  }

  @Test(
    "what is asked wrongly ends with 64 and says what would be right",
    arguments: [
      (["report"], "Name a run, or --cluster"),
      (["report", "latest", "--cluster", "shop"], "Name a run, or --cluster"),
      (["report", "latest", "--since", "1d"], "--since goes with --cluster"),
      (["report", "latest", "--json", "--format", "md"], "contradict each other"),
      (["report", "nope"], "no run has this name"), (["report", "--cluster", "nope"], "it knows shop"),
      (["report", "--cluster", "shop", "--since", "yesterday"], "2026-01-31T04:00:00Z"),
      (["serve", "--listen", "everywhere"], "127.0.0.1:8411"), (["serve", "--listen", "0.0.0.0:0"], "--token-file"),
    ])
  func usage(_ arguments: [String], _ text: String) async throws {
    try await TestBench.with { bench in
      _ = try await SQLiteBackup.make(in: bench)
      let drill = try bench.write(
        "drill: nightly\ncluster: cluster.yaml\ncatalog: catalog\ntrust: seal.pub\nlevel: bytes\nseed: 1\n",
        to: "nightly.yaml")
      #expect(try await FiredrillProcess.run(["run", drill], in: bench).status == 0)
      let ending = try await FiredrillProcess.run(arguments, in: bench)
      #expect(ending.status == ExitStatus.usage.rawValue)
      #expect(ending.errors.contains(text) && ending.output.isEmpty, "\(ending.errors)")
    }
  }

  @Test("a report that cannot be written makes a drill's status inconclusive, and leaves nothing half")
  func unwritable() async throws {
    try await TestBench.with { bench in
      _ = try await SQLiteBackup.make(in: bench)
      let drill = try bench.write(
        "drill: nightly\ncluster: cluster.yaml\ncatalog: catalog\ntrust: seal.pub\nlevel: bytes\nseed: 1\n",
        to: "nightly.yaml")
      try bench.write("in the way", to: "file")
      let ending = try await FiredrillProcess.run(
        ["run", drill, "--report", bench.folder + "/file/report.html"], in: bench)
      #expect(ending.status == ExitStatus.inconclusive.rawValue)
      #expect(ending.errors.contains("the report could not be written") && ending.output.hasPrefix("PASS"))
    }
  }

  @Test("the dashboard says where it listens, and ends with 0 when it is told to", arguments: [SIGTERM, SIGINT])
  func serve(signal: Int32) async throws {
    try await TestBench.with { bench in
      _ = try await drills(bench)
      let server = try FiredrillProcess.start(["serve", "--listen", "127.0.0.1:0"], in: bench)
      try await server.waitUntilItSays("reading \(bench.ledger)")
      try await server.waitUntilItSays("serving on http://127.0.0.1:")
      server.send(signal)
      let ending = try await server.waitForEnd()
      #expect(ending.status == 0, "\(ending.errors)")
    }
  }
}
