import DrillModel
import Foundation

/// Another text in a file of the bench: `file: NAME` with `text`, or with `append`, which is added at its end.
struct FilePlant: Plant {
  var name: String
  var text: String?
  var addition: String?

  init(_ section: YAMLSection) throws {
    name = try section.requiredText("file")
    text = try section.text("text")
    addition = try section.text("append")
    guard (text == nil) != (addition == nil) else {
      throw section.missing(["text", "append"], "'file' needs either 'text' or 'append'")
    }
  }

  func planted(
    in bench: ScenarioBench, _ body: (ScenarioBench) async throws -> ScenarioOutcome
  ) async throws -> ScenarioOutcome {
    var bench = bench
    let file = URL(fileURLWithPath: bench.path(bench.filled(name)))
    let before = try? String(contentsOf: file, encoding: .utf8)
    let after = bench.filled(text ?? (before ?? "") + (addition ?? ""))
    guard before != after else {
      throw DrillError(.io, subject: name, detail: "nothing was planted: the file has this text already")
    }
    try Data(after.utf8).write(to: file)
    bench.proofs.append("\(name) has another text")
    return try await body(bench)
  }
}
