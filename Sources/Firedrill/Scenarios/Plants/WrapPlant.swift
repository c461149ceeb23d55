import DrillModel
import Foundation
import Glibc

/// Surroundings of the program: a few lines of shell that make them, and end by running it: `exec "$@"`.
///
/// They start in the bench's folder, with the base's variables in their environment. What was made has to be shown: the lines write what they see of it to the file
/// `$shown`; where it stays empty, nothing was planted. With `mounts: true` the lines have a mount namespace of their own.
struct WrapPlant: Plant {
  var script: String
  var hasOwnMounts: Bool

  init(_ section: YAMLSection) throws {
    script = try section.requiredText("wrap")
    hasOwnMounts = try section.flag("mounts") ?? false
  }

  func planted(
    in bench: ScenarioBench, _ body: (ScenarioBench) async throws -> ScenarioOutcome
  ) async throws -> ScenarioOutcome {
    var bench = bench
    let shown = bench.path("shown-\(bench.wrapper.count)")
    let namespace = hasOwnMounts ? ["unshare", geteuid() == 0 ? "--mount" : "--map-root-user", "--mount"] : []
    // The words that come after are the program; a wrapper that was planted before runs this one.
    bench.wrapper += namespace + ["env", "shown=\(shown)", "/bin/sh", "-eu", "-c", script, "sh"]
    bench.proofs.append("it ran in surroundings that were made for it")
    var outcome = try await body(bench)
    let text = (try? String(contentsOfFile: shown, encoding: .utf8)) ?? ""
    if text.allSatisfy(\.isWhitespace) {
      outcome.unproven.append("nothing shows that its surroundings were as they were to be")
    }
    return outcome
  }
}
