import DrillModel
import Foundation

/// The program itself, run before it is run to be judged: an earlier drill, an event of a migration.
///
/// It has to end with `status`, 0 where nothing is said, and to have changed the ledger or the catalog, or what `changes` names. With `as: NAME` `$NAME` is, for what
/// comes later, the backup that it made.
struct ProgramPlant: Plant {
  var words: [String]
  var status: Int32
  /// Files or folders below the bench of which one has to change.
  var changes: [String]
  /// The variable that its backup's id becomes.
  var backupName: String?

  init(_ section: YAMLSection) throws {
    guard let words = try section.texts("program"), !words.isEmpty else {
      throw section.missing(["program"], "'program' is a list of words")
    }
    self.words = words
    status = Int32(try section.integer("status", in: 0...255) ?? 0)
    changes = try section.texts("changes") ?? ["ledger.sqlite", "ledger.sqlite-wal", "backups"]
    backupName = try section.text("as")
  }

  func planted(
    in bench: ScenarioBench, _ body: (ScenarioBench) async throws -> ScenarioOutcome
  ) async throws -> ScenarioOutcome {
    var bench = bench
    var earlier = bench
    earlier.command = words
    let before = changes.map { TreeDigest(of: bench.path($0)) }
    let outcome = try await bench.program.run(earlier)
    guard outcome.status == status else {
      throw DrillError(
        .io, subject: "program",
        detail:
          "'\(words.joined(separator: " "))' ended with \(outcome.status.map(String.init) ?? "a signal"), and not with \(status): \(outcome.lines.last ?? "it says nothing")"
      )
    }
    guard changes.map({ TreeDigest(of: bench.path($0)) }) != before else {
      throw DrillError(.io, subject: "program", detail: "nothing was planted: '\(words[0])' changed nothing")
    }
    if let backupName {
      struct Made: Decodable { var backup: String }
      bench.variables[backupName] = try JSONDecoder().decode(Made.self, from: Data(outcome.output)).backup
    }
    bench.proofs.append("'\(words.joined(separator: " "))' ran first, and left its traces")
    return try await body(bench)
  }
}
