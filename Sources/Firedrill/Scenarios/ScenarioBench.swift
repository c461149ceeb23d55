import DrillModel
import Foundation

/// What a scenario works on: its own copy of a base, and how the program is run there.
///
/// ```
/// <folder>/drill.yaml        the drill, of ``drill``'s fields
/// <folder>/cluster.yaml      the cluster
/// <folder>/backups/…         the catalog
/// <folder>/seal, second, other   private keys; .pub beside them; the drill trusts seal.pub alone
/// <folder>/topology.yaml     the backup's topology
/// <folder>/live/…            SQLite: production's files after the cut
/// <folder>/work, ledger.sqlite
/// ```
struct ScenarioBench: Sendable {
  /// Absolute.
  var folder: String
  var engine: ProductionFile.Engine
  var seed: UInt64
  /// What is tried.
  var program: ScenarioProgram
  /// Fields of the drill file, each as YAML.
  var drill: [String: String]
  /// The program's arguments.
  var command: [String]
  /// Whether the program is told to print JSON, from which what it found is read; else it says how far it is.
  var printsJSON = true
  /// Beside what every program needs.
  var environment: [String: String] = [:]
  /// What runs the program, if not it itself: a program and its arguments, before the program's path.
  var wrapper: [String] = []
  /// What `$name` stands for, in commands, drill fields and shell text.
  var variables: [String: String]
  /// How long the program may take.
  var patience = Duration.seconds(120)
  /// What shows that something was planted, one sentence each.
  var proofs: [String] = []

  var backup: String { variables["backup"] ?? "" }
  func path(_ relative: String) -> String { "\(folder)/\(relative)" }

  /// The text with each `$name` of a variable put in its place.
  func filled(_ text: String) -> String {
    // The longest first: `$backup` begins `$backup_folder` as well.
    variables.sorted { $0.key.count > $1.key.count }.reduce(text) { $0.replacing("$\($1.key)", with: $1.value) }
  }

  func writeDrill() throws {
    let text = drill.sorted { $0.key < $1.key }.map { "\($0.key): \(filled($0.value))\n" }.joined()
    try Data(text.utf8).write(to: URL(fileURLWithPath: path("drill.yaml")))
  }
}
