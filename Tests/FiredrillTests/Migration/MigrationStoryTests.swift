import DrillEvidence
import DrillModel
import Foundation
import Testing

/// What `make drill-migration` runs, on a real cluster of its own.
@Suite("The migration's story")
struct MigrationStoryTests {
  /// Runs the shipped script; what it says goes to a file, so that nothing that it starts keeps a pipe of ours open.
  private func tell(in bench: TestBench, port: Int) async throws -> (status: Int32, said: String) {
    let path = bench.folder + "/said"
    try Data().write(to: URL(fileURLWithPath: path))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Repository.path("drills/migration/story.sh"))
    process.arguments = [try FiredrillProcess.executable, bench.folder + "/story"]
    process.environment = bench.environment.merging(
      ["FIREDRILL_STORY_PORT": "\(port)", "FIREDRILL_STORY_RECORDS": "600"]
    ) { $1 }
    process.standardInput = FileHandle.nullDevice
    let output = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    process.standardOutput = output
    process.standardError = output
    let status = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Int32, any Error>) in
      process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
      // A child takes over the signals that its starter blocks, and a thread of ours may block what Redis ends its own children with.
      var none = sigset_t()
      var blocked = sigset_t()
      sigemptyset(&none)
      pthread_sigmask(SIG_SETMASK, &none, &blocked)
      do { try process.run() } catch { continuation.resume(throwing: error) }
      pthread_sigmask(SIG_SETMASK, &blocked, nil)
    }
    return (status, try String(contentsOfFile: path, encoding: .utf8))
  }

  @Test("a move is drilled before, in the middle and after, gated, and gone back on; its timeline says all of it")
  func story() async throws {
    try await TestBench.with { bench in
      // Below the system's own choices, with the bus ports, 10,000 above them.
      let port = Int.random(in: 7_330...7_490) * 3
      let (status, said) = try await tell(in: bench, port: port)
      try #require(status == 0, "port \(port), \(status):\n\(said.suffix(3000))")
      let work = bench.folder + "/story/drills/migration"
      let history = try Ledger.open(at: work + "/ledger.sqlite", mode: .readOnly).history()
      let runs = history.runs.map(\.body)
      #expect(runs.map(\.drill) == ["pre-move", "mid-move", "post-move", "still-there", "rollback"])
      #expect(runs.map(\.verdict) == [.pass, .pass, .pass, .fail, .pass])
      #expect(runs.allSatisfy { $0.level == .answers })
      #expect(runs[1].backups.first?.stated?.movesInFlight == 1)
      #expect(
        runs.map { $0.backups.first?.stated?.retention } == [
          "pre-move", "mid-move", "post-move", "post-move", "pre-move",
        ])
      #expect(runs[3].findings["drift-exceeded"] == 1)
      let migration = try #require(history.migrations(of: "shop").first)
      #expect(
        migration.events.map(\.body.stage) == [
          .planned, .snapshotting, .copying, .catchingUp, .quiesced, .cutOver, .verified, .rolledBack,
        ])
      #expect(history.decisions.map(\.body.outcome) == ["open"])
      #expect(said.contains("retention-drops-checkpoint"))
      #expect(try String(contentsOfFile: work + "/timeline.html", encoding: .utf8).contains("split"))
      #expect(ProcessTable().working(in: bench.folder).isEmpty, "its servers have ended with it")
    }
  }
}
