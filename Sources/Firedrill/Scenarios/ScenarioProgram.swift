import DrillEngines
import DrillModel
import Foundation
import Glibc

/// The program that scenarios run, as a person would run it.
struct ScenarioProgram: Sendable {
  /// Absolute path of a `firedrill`.
  var path: String

  /// Runs it in the bench to its end, and ends it where it takes longer than the bench allows.
  ///
  /// - Throws: `CancellationError`, before it runs and in place of what it came to.
  func run(_ bench: ScenarioBench) async throws -> ScenarioOutcome {
    try Task.checkCancellation()
    try bench.writeDrill()
    let words = bench.wrapper + [path] + bench.command.map(bench.filled) + (bench.printsJSON ? ["--json"] : [])
    let outputPath = bench.path(".output")
    let output = open(outputPath, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard output >= 0 else { throw DrillError(.io, subject: "scenario", detail: "its output cannot be written") }
    defer { close(output) }
    var launch = ScenarioProgram.launch(words, in: bench)
    launch.output = output
    let start = ContinuousClock.now
    return try await ChildProcess.with(launch) { child in
      let ending = await withTaskCancellationHandler {
        await child.waitForEnd(within: bench.patience)
      } onCancel: {
        Task { await child.end() }
      }
      try Task.checkCancellation()
      var outcome = ScenarioOutcome()
      outcome.elapsed = start.duration(to: .now)
      if case .exited(let status)? = ending { outcome.status = status }
      if ending == nil { outcome.unproven = ["it had not ended after \(bench.patience.seconds) s, and was ended"] }
      outcome.lines = child.lines.suffix(20)
      outcome.read(Array((try? Data(contentsOf: URL(fileURLWithPath: outputPath))) ?? Data()))
      outcome.readComplaints()
      return outcome
    }
  }

  /// A program that starts in the bench's folder, with nothing of our environment.
  static func launch(_ words: [String], in bench: ScenarioBench) -> ChildProcess.Launch {
    .init(
      executable: "/usr/bin/env", arguments: ["-C", bench.folder] + words, environment: environment(of: bench))
  }

  private static func environment(of bench: ScenarioBench) -> [String: String] {
    [
      "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": bench.folder,
      "FIREDRILL_WORK": bench.path("work"), "FIREDRILL_LEDGER": bench.path("ledger.sqlite"), "LC_ALL": "C.UTF-8",
    ].merging(bench.variables) { $1 }.merging(bench.environment) { $1 }
  }
}
