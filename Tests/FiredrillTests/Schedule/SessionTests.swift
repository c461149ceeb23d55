import DrillEvidence
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("A session", .capturedShop)
struct SessionTests {
  @Test("that cannot make its production ends as an inconclusive run with the reason, which is printed and recorded")
  func failingProduction() async throws {
    try await TestBench.with { bench in
      let drill = try bench.write("drill: d\nproduction: {engine: redis, records: 10}\n", to: "drill.yaml")
      let ran = try await FiredrillProcess.run(
        ["run", drill, "--json"], in: bench, environment: ["PATH": bench.folder])
      #expect(ran.status == 2)
      #expect(try ran.json()["verdict"] as? String == "inconclusive")
      let history = try Ledger.open(at: bench.ledger, mode: .readOnly).history()
      #expect(history.runs.map(\.body.obstacles) == [["server-missing": 1]])
      #expect(history.started.map(\.body.run) == history.runs.map(\.body.run) && history.interrupted.isEmpty)
      #expect(history.runs.map(\.body.cluster) == ["shop"])
    }
  }

  @Test("whose capture fails ends as an inconclusive run with the reason")
  func failingCapture() async throws {
    try await CapturedShop.withBench { bench in
      try FileManager.default.removeItem(atPath: bench.folder + "/live")
      let outcomes = try await Firedrill.run(drill: try bench.write(.init(more: ["capture: {key: seal}"])))
      #expect(outcomes.map(\.run.verdict) == [.inconclusive])
      #expect(outcomes[0].run.obstacles.count == 1 && outcomes[0].run.backups.isEmpty)
      #expect(try bench.recorded().map(\.state) == [.finished])
    }
  }

  @Test("over several backups has a run for each, all begun and finished")
  func severalRuns() async throws {
    try await CapturedShop.withBench { bench in
      let twin = DrillBench(folder: bench.folder, backup: "\(bench.backup.dropLast(6))ffffff")
      try FileManager.default.copyItem(atPath: bench.backupFolder, toPath: twin.backupFolder)
      try twin.reseal { $0.backup = twin.backup }
      let outcomes = try await Firedrill.run(drill: try bench.write(.init(more: ["backup: {sample: {count: 2}}"])))
      #expect(outcomes.map(\.run.verdict) == [.pass, .pass])
      #expect(Set(outcomes.flatMap { $0.run.backups.map(\.backup) }) == [bench.backup, twin.backup])
      let history = try Ledger.open(at: bench.ledger, mode: .readOnly).history()
      #expect(Set(history.started.map(\.body.run)) == Set(outcomes.map(\.run.id)) && history.runs.count == 2)
    }
  }

  @Test("records the topology that its capture and its live reference saw")
  func liveTopology() async throws {
    try await CapturedShop.withBench { bench in
      _ = try await bench.run(.init(more: ["reference: [captured, live]"]))
      let seen = try Ledger.open(at: bench.ledger, mode: .readOnly).history().topologies
      #expect(seen.map(\.body.seenIn).first == "backup \(bench.backup)")
      _ = try await Firedrill.run(
        drill: try bench.write(
          .init(more: ["capture: {key: seal}", "ledger: other.sqlite"].filter { !$0.hasPrefix("ledger") })),
        options: RunOptions(ledger: bench.folder + "/other.sqlite"))
      let live = try Ledger.open(at: bench.folder + "/other.sqlite", mode: .readOnly).history().topologies
      #expect(live.map(\.body.seenIn) == ["live"])
    }
  }

  @Test(
    "of a drill that another process runs is refused, says who holds it, and records nothing; once that is killed it runs"
  )
  func locked() async throws {
    try await TestBench.with { bench in
      let drill = try bench.write(
        "drill: small\nproduction: {engine: sqlite, shards: 2, records: 60000, changes: 50}\n", to: "drill.yaml")
      let quick = "production: {engine: sqlite, shards: 1, records: 50, changes: 5}\nlevel: none\n"
      let same = try bench.write("drill: small\n" + quick, to: "same.yaml")
      let other = try bench.write("drill: other\n" + quick, to: "other.yaml")
      let first = try FiredrillProcess.start(["run", drill], in: bench)
      try await first.waitUntilItSays("making a synthetic production")
      first.send(SIGSTOP)

      let second = try await FiredrillProcess.run(["run", same, other], in: bench)
      #expect(second.status == 2)
      #expect(second.errors.contains("process \(first.processID), since 20"), "\(second.errors)")
      #expect(second.errors.contains("[already-running]"))
      let history = try Ledger.open(at: bench.ledger, mode: .readOnly).history()
      #expect(history.started.map(\.body.drill) == ["small", "other"], "another drill is not held up")
      #expect(history.running.count == 1 && history.interrupted.isEmpty)

      first.send(SIGKILL)
      #expect(try await first.waitForEnd().status == nil)
      let third = try await FiredrillProcess.run(["run", same], in: bench)
      #expect(third.status == 0, "\(third.errors)\(third.output)")
    }
  }

  @Test("with an age skips what passed within it, names the run, and records the skip")
  func maxAge() async throws {
    try await CapturedShop.withBench { bench in
      let path = try bench.write(.init())
      func run(_ age: String?, seed: UInt64? = nil) async throws -> SessionResult {
        try await Firedrill.run(
          drill: path, unlessPassedWithin: try age.map(Firedrill.duration), options: RunOptions(seed: seed))
      }
      guard case .ran(let outcomes) = try await run("1h") else {
        Issue.record("there is nothing to rely on yet")
        return
      }
      #expect(outcomes.map(\.run.verdict) == [.pass])
      guard case .skipped(let skipped) = try await run("1h") else {
        Issue.record("the same passed just now")
        return
      }
      #expect(skipped.reliesOn == outcomes[0].run.id && skipped.maxAge == 3600)
      let result = try FiredrillProgram.run(["run", "drill.yaml", "--max-age", "1h"], in: bench.folder)
      #expect(result.status == 0 && result.output.contains(outcomes[0].run.id), "\(result)")
      #expect(try Ledger.open(at: bench.ledger, mode: .readOnly).history().skips.count == 2)

      // Another seed asks something else; and under another policy nothing was verified yet.
      if case .skipped = try await run("1h", seed: 6) { Issue.record("another seed was not run yet") }
      try bench.write(.init(more: ["objectives: {rto: 1h}"]))
      if case .skipped = try await run("1h") { Issue.record("another policy was not run yet") }
      if case .skipped = try await run("0s") { Issue.record("no run is as young as this") }

      // What failed since is run again.
      try Data().write(to: URL(fileURLWithPath: bench.manifestPath))
      if case .skipped = try await run(nil) { Issue.record("nothing is skipped without an age") }
      if case .skipped = try await run("1h") { Issue.record("a run failed within this age") }
    }
  }

  @Test("is declared, listed as missed, ended and pruned from the command line, and the ledger verifies")
  func commands() async throws {
    try await CapturedShop.withBench { bench in
      try bench.write(.init())
      func firedrill(_ words: String...) throws -> FiredrillProgram.Result {
        try FiredrillProgram.run(words, in: bench.folder, environment: ["FIREDRILL_LEDGER": bench.ledger])
      }
      #expect(try firedrill("schedule", "declare", "drill.yaml", "--calendar", "every day").status == 64)
      #expect(try firedrill("schedule", "declare", "drill.yaml", "--calendar", "daily", "--grace", "2d").status == 64)
      #expect(try firedrill("schedule", "declare", "drill.yaml", "--calendar", "*:*").status == 64)
      #expect(!FileManager.default.fileExists(atPath: bench.ledger))
      #expect(try firedrill("schedule", "declare", "drill.yaml", "--calendar", "daily", "--grace", "2h").status == 0)
      // As it was ten days ago.
      try Firedrill.declareSchedule(
        drill: bench.folder + "/drill.yaml", calendar: "hourly", grace: .seconds(1800),
        at: Instant(millisecondsSince1970: Instant.now.millisecondsSince1970 - 864_000_000))
      let listed = try firedrill("schedule", "list", "--json")
      let list = try #require(
        try JSONSerialization.jsonObject(with: Data(listed.output.utf8)) as? [String: [[String: Any]]])
      #expect(list["schedules"]?.map { $0["calendar"] as? String } == ["hourly"])
      #expect((239...240).contains(list["missed"]?.count ?? 0))
      #expect(try firedrill("schedule", "list").output.contains("hourly, grace 30 min"))
      #expect(try firedrill("schedule", "end", "nightly").status == 0)
      #expect(try firedrill("schedule", "end", "nightly").status == 64)
      #expect(try firedrill("schedule", "list").output.hasPrefix("no schedule is declared"))

      #expect(try firedrill("run", "drill.yaml", "--quiet").status == 0)
      #expect(try Firedrill.pruneLedger(at: bench.ledger, olderThan: .seconds(3600)) == 0)
      let later = Instant(millisecondsSince1970: Instant.now.millisecondsSince1970 + 7_200_000)
      #expect(try Firedrill.pruneLedger(at: bench.ledger, olderThan: .seconds(3600), at: later) == 2)
      #expect(try firedrill("ledger", "prune", "--older-than", "1h").output == "dropped the details of 0 records\n")
      #expect(try firedrill("ledger", "verify").status == 0)
      let run = try #require(try bench.recorded().first)
      #expect(run.outcome?.verdict == .pass)
      #expect(try Ledger.open(at: bench.ledger, mode: .readOnly).run(run.run).run == nil)
    }
  }

  @Test("is rendered as units and as a crontab line")
  func rendered() async throws {
    try await CapturedShop.withBench { bench in
      try bench.write(.init())
      func render(_ calendar: String, _ format: RenderRequest.Format) throws -> [RenderedFile] {
        try Firedrill.renderSchedule(
          RenderRequest(
            drill: bench.folder + "/drill.yaml", calendar: calendar, format: format,
            executable: "/opt/50% more/firedrill",
            user: "drills"))
      }
      let units = try render("0 4 13 * 5", .systemd)
      #expect(units.map(\.name) == ["firedrill-nightly.service", "firedrill-nightly.timer"])
      let service = units[0].text
      #expect(
        service.contains(
          "ExecStart=\"/opt/50%% more/firedrill\" run --quiet --ledger \(bench.ledger) \(bench.folder)/drill.yaml\n"))
      #expect(service.contains("User=drills\n") && service.contains("ProtectSystem=strict\n"))
      #expect(
        service.contains("ReadWritePaths=\(bench.folder) \(bench.catalog) \(bench.folder)/work\n"), "\(service)")
      for forbidden in ["RestrictNamespaces", "ProtectKernelTunables", "ProtectProc", "SystemCallFilter"] {
        #expect(!service.contains(forbidden), "bubblewrap could not work")
      }
      #expect(units[1].text.contains("OnCalendar=*-*-13 04:00:00 UTC\nOnCalendar=Fri *-*-* 04:00:00 UTC\n"))
      #expect(units[1].text.contains("Persistent=true\n"))
      let line = try #require(try render("Mon..Fri 04:30 Europe/Berlin", .cron).first?.text.split(separator: "\n").last)
      #expect(
        line
          == "30 4 * * 1,2,3,4,5 cd \(bench.folder) && '/opt/50\\% more/firedrill' run --quiet --ledger \(bench.ledger) \(bench.folder)/drill.yaml"
      )
      let error = #expect(throws: DrillError.self) { try render("2026-*-* 04:00", .cron) }
      #expect(error?.code == .usage)
    }
  }
}
