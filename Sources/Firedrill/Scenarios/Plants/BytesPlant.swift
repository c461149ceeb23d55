import DrillFaults
import DrillModel
import Foundation

/// Seeded damage to the bytes of one stored file; see ``FaultInjector``, which proves it.
struct BytesPlant: Plant {
  var fault: ArtifactFault
  /// The file below the catalog; nil: a data artifact of the backup.
  var file: String?
  /// The file to swap with; nil: another data artifact of the backup.
  var other: String?
  /// Where in the file, as `FROM..TO`, ends included, from the end where negative; nil: anywhere.
  var range: (Int64, Int64)?

  init(_ section: YAMLSection) throws {
    guard let fault = try section.choice("bytes", of: ArtifactFault.self) else {
      throw section.missing(["bytes"], "'bytes' names the damage")
    }
    self.fault = fault
    file = try section.text("of")
    other = try section.text("with")
    range = try section.text("at").map { text in
      let ends = text.split(separator: "..", omittingEmptySubsequences: false).map { Int64($0) }
      guard ends.count == 2, let from = ends[0], let to = ends[1], from <= to, (from < 0) == (to < 0) else {
        throw section.refuse("at", "a place is written as 0..8, or -4096..-1 from the end")
      }
      return (from, to)
    }
  }

  func planted(
    in bench: ScenarioBench, _ body: (ScenarioBench) async throws -> ScenarioOutcome
  ) async throws -> ScenarioOutcome {
    var bench = bench
    let path = bench.path(bench.filled("backups/" + (file ?? "$artifact")))
    let other = fault == .swap ? bench.path(bench.filled("backups/" + (other ?? "$other_artifact"))) : nil
    let planted = try FaultInjector.plant(fault, in: path, with: other, within: range, seed: bench.seed)
    bench.proofs.append(
      "\(fault.rawValue)\(planted.offset.map { " at byte \($0)" } ?? "")\(planted.count.map { ", \($0) bytes" } ?? "")"
        + " of \(bench.filled(file ?? "$artifact"))")
    return try await body(bench)
  }
}
