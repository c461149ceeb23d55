import DrillEvidence
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("Migrations from the command line")
struct MigrationCommandTests {
  private func event(
    _ bench: TestBench, _ stage: String, _ id: String, _ more: [String] = []
  ) async throws -> FiredrillProcess.Ending {
    try await FiredrillProcess.run(
      ["migration", "event", "--cluster", "shop", "--migration", "reshard-7", "--stage", stage, "--id", id] + more,
      in: bench)
  }

  @Test("pass their gates one after the other; what is refused is told apart, and leaves nothing behind")
  func gates() async throws {
    try await TestBench.with { bench in
      let move = ["--slots", "0-99", "--from", "a", "--to", "b"]
      #expect(try await event(bench, "planned", "e1", move).status == 0)
      let again = try await event(bench, "planned", "e1", move)
      #expect(again.status == 0 && again.output.contains("known already"), "\(again)")
      for (stage, id, more, status, code) in [
        ("planned", "e1", [], 1, "event-differs"), ("copying", "e2", [], 1, "event-out-of-order"),
        ("snapshotting", "e2", ["--at", "2999-01-01T00:00:00Z"], 1, "event-from-future"),
        ("snapshotting", "e2", ["--at", "2001-01-01T00:00:00Z"], 1, "event-out-of-order"),
        ("cutover", "e2", [], 64, "catching-up"), ("snapshotting", "e2", ["--slots", "0-99"], 64, "--from"),
        ("snapshotting", "e2", ["--slots", "9-1", "--from", "a", "--to", "b"], 64, "ranges"),
        ("snapshotting", "e2", ["--slots", "1", "--from", "a", "--to", "a"], 64, "two shards"),
        ("snapshotting", "e2", ["--at", "noon"], 64, "a time is written"),
      ] as [(String, String, [String], Int32, String)] {
        let ending = try await event(bench, stage, id, more)
        #expect(ending.status == status && ending.errors.contains(code), "\(stage) \(more) \(ending)")
      }
      let unknown = try await FiredrillProcess.run(
        ["migration", "event", "--cluster", "shop", "--migration", "reshard-8", "--stage", "copying", "--id", "x"],
        in: bench)
      #expect(unknown.status == 1 && unknown.errors.contains("migration-unknown"), "\(unknown)")
      #expect(try await FiredrillProcess.run(["migration", "event", "--cluster", "shop"], in: bench).status == 64)
      #expect(try Ledger.open(at: bench.ledger, mode: .readOnly).history().size == 1)

      #expect(try await event(bench, "rolled-back", "e9").status == 0)
      let late = try await event(bench, "snapshotting", "e10")
      #expect(late.status == 1 && late.errors.contains("a name of its own"), "\(late)")
      let verify = try await FiredrillProcess.run(["ledger", "verify"], in: bench)
      #expect(verify.status == 0, "\(verify)")
    }
  }

  @Test("come from a file or a pipe, all of it or nothing, and are shown in the terminal, as JSON and as a page")
  func published() async throws {
    try await TestBench.with { bench in
      let events = ["planned", "snapshotting", "copying"].map { stage in
        """
        {"id": "\(stage)", "cluster": "shop", "migration": "reshard-7", "stage": "\(stage)", "backup": "shop-\(stage)",
         "moves": [{"slots": "0-99", "source": "a", "target": "b"}]}
        """
      }
      let file = try bench.write("[\(events.joined(separator: ","))]", to: "events.json")
      let published = try await FiredrillProcess.run(["migration", "event", "--file", file, "--json"], in: bench)
      #expect(published.status == 0 && published.output.contains("\"isNew\" : true"), "\(published)")
      let more = try bench.write(
        events[2].replacing("copying", with: "catching-up") + "\n", to: "more.json")
      let piped = try pipe(more, to: ["migration", "event", "--file", "-"], in: bench)
      #expect(piped == 0)
      let skipping = try bench.write(
        "[\(events[2].replacing("copying", with: "quiesced")),\(events[2].replacing("copying", with: "verified"))]",
        to: "skipping.json")
      #expect(try await FiredrillProcess.run(["migration", "event", "--file", skipping], in: bench).status == 1)
      for bad in ["", "{}", "[]", "{\"id\": 1}", events[0].replacing("\"id\"", with: "\"ID\"")] {
        let path = try bench.write(bad, to: "bad.json")
        #expect(
          try await FiredrillProcess.run(["migration", "event", "--file", path], in: bench).status == 64, "\(bad)")
      }
      #expect(
        try await FiredrillProcess.run(["migration", "event", "--file", file, "--id", "x"], in: bench).status == 64)
      #expect(try Ledger.open(at: bench.ledger, mode: .readOnly).history().size == 4)

      let page = bench.folder + "/page.html"
      let shown = try await FiredrillProcess.run(["migration", "show", "--cluster", "shop", "--html", page], in: bench)
      #expect(shown.status == 0 && shown.output.hasPrefix("CATCHING-UP  reshard-7 of shop"), "\(shown)")
      #expect(try String(contentsOfFile: page, encoding: .utf8).contains("<svg class=\"chart broad\""))
      let json = try await FiredrillProcess.run(
        ["migration", "show", "reshard-7", "--cluster", "shop", "--json"], in: bench
      ).json()
      #expect(json["stage"] as? String == "catching-up" && json["next"] as? String == "quiesced")
      let unknown = try await FiredrillProcess.run(["migration", "show", "reshrd-7", "--cluster", "shop"], in: bench)
      #expect(unknown.status == 64 && unknown.errors.contains("it has reshard-7"), "\(unknown)")
      let checkpoint = try Ledger.open(at: bench.ledger, mode: .readOnly).history().migrations(of: "shop").first?
        .checkpoint(named: "pre-move")
      #expect(checkpoint?.backup == "shop-snapshotting")
    }
  }

  private func pipe(_ path: String, to arguments: [String], in bench: TestBench) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try FiredrillProcess.executable)
    process.arguments = arguments
    process.environment = bench.environment
    process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
