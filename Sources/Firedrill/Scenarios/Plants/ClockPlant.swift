import DrillModel
import Foundation

/// Another wall clock for the program, and for it alone: servers keep theirs.
///
/// `clock: [STEP, …]`, where a step is `READINGS +DURATION` or `READINGS -DURATION`: from so many readings of its clock on, the program's is so much ahead or behind.
/// With `passes: TIME` all steps are about that time instead of now: `0 -20s`, `60 +20s` begin 20 s before it and end after it, and the run has to say so. `zone:
/// Europe/Berlin` is the program's time zone. Every step has to be taken.
struct ClockPlant: Plant {
  var steps: [(readings: Int, offset: Duration)]
  var passes: Instant?
  var zone: String?

  init(_ section: YAMLSection) throws {
    steps = try (section.texts("clock") ?? []).map { text in
      let words = text.split(separator: " ")
      guard words.count == 2, let readings = Int(words[0]), readings >= 0, let sign = words[1].first,
        "+-".contains(sign)
      else { throw section.refuse("clock", "a step is written as '60 +2h', not '\(text)'") }
      let length = try Firedrill.duration(String(words[1].dropFirst()))
      return (readings, sign == "-" ? Duration.zero - length : length)
    }
    guard !steps.isEmpty else { throw section.missing(["clock"], "'clock' has at least one step") }
    passes = try section.text("passes").map { text in
      guard let time = Instant(parsing: text) else {
        throw section.refuse("passes", "a time is written as 2026-03-29T01:00:00Z")
      }
      return time
    }
    zone = try section.text("zone")
  }

  func planted(
    in bench: ScenarioBench, _ body: (ScenarioBench) async throws -> ScenarioOutcome
  ) async throws -> ScenarioOutcome {
    var bench = bench
    let shown = bench.path("clock-steps")
    let base = passes.map { $0.millisecondsSince1970 - Instant.now.millisecondsSince1970 } ?? 0
    bench.environment["LD_PRELOAD"] = try FaultLibrary.path()
    bench.environment["FIREDRILL_FAULTS_SHOWN"] = shown
    bench.environment["FIREDRILL_FAULTS_CLOCK"] = steps.map {
      "\($0.readings):\(base + Int64($0.offset.milliseconds))"
    }.joined(separator: ",")
    bench.environment["TZ"] = zone
    bench.proofs.append("its clock stepped \(steps.count) time\(steps.count == 1 ? "" : "s")")
    var outcome = try await body(bench)
    let taken = FaultLibrary.shown(at: shown).count { $0.first == "step" }
    if taken != steps.count { outcome.unproven.append("\(taken) of \(steps.count) steps of its clock were taken") }
    if let passes, !outcome.lasted(over: passes) { outcome.unproven.append("no run lasted over \(passes)") }
    return outcome
  }
}

extension ScenarioOutcome {
  /// Whether a run that it printed began before a time and ended after it.
  fileprivate func lasted(over time: Instant) -> Bool {
    struct Printed: Decodable {
      struct Run: Decodable {
        var startedAt: Instant
        var finishedAt: Instant
      }
      var run: Run
    }
    guard let printed = try? JSONDecoder().decode(Printed.self, from: Data(output)) else { return false }
    return printed.run.startedAt < time && time < printed.run.finishedAt
  }
}
