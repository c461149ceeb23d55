import DrillEngines
import DrillModel
import Foundation

/// A few lines of shell in the bench's folder, with the base's variables in its environment: links, pipes, modes, exchanged files.
///
/// What it has to change is the catalog, unless the scenario says where else: names, kinds, modes or contents there must differ afterwards.
struct ShellPlant: Plant {
  var script: String
  /// Folder or file below the bench that has to change.
  var changes: String

  init(_ section: YAMLSection) throws {
    script = try section.requiredText("shell")
    changes = try section.text("changes") ?? "backups"
  }

  func planted(
    in bench: ScenarioBench, _ body: (ScenarioBench) async throws -> ScenarioOutcome
  ) async throws -> ScenarioOutcome {
    var bench = bench
    let before = TreeDigest(of: bench.path(changes))
    let launch = ScenarioProgram.launch(["/bin/sh", "-eu", "-c", script], in: bench)
    try await ChildProcess.with(launch) { child in
      guard await child.waitForEnd() == .exited(0) else {
        throw DrillError(
          .io, subject: "shell", detail: "what was to be planted failed: \(child.lines.last ?? "it says nothing")")
      }
    }
    let changed = TreeDigest(of: bench.path(changes)).changed(since: before)
    guard changed > 0 else {
      throw DrillError(.io, subject: "shell", detail: "nothing was planted: nothing changed in \(changes)")
    }
    bench.proofs.append("\(changed) entries of \(changes) changed")
    return try await body(bench)
  }
}
