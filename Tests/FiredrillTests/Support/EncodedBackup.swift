import DrillModel
import Firedrill
import Foundation

extension DrillBench {
  var keys: TestKeys { TestKeys(folder: folder) }

  /// Captures the bench's cluster again, into a catalog of its own whose artifacts are stored encoded.
  ///
  /// - Parameter recipients: age recipients, or names of files in the bench's folder.
  func encoded(
    _ filters: [String], for recipients: [String] = [], commands: [String: FilterCommand] = [:],
    catalog: String = "encoded", on predecessor: String? = nil, keys: KeySection? = nil
  ) async throws -> DrillBench {
    let sealed = try await Firedrill.capture(
      cluster: folder + "/shop.yaml", to: "\(folder)/\(catalog)", key: folder + "/seal", on: predecessor,
      encoding: EncodingSection(
        filters: filters, recipients: recipients.map { $0.hasPrefix("age1") ? $0 : "\(folder)/\($0)" },
        commands: commands), keys: keys)
    return DrillBench(folder: folder, backup: sealed.manifest.backup, catalog: catalog)
  }

  /// Drills a backup of the catalog `encoded`.
  func runEncoded(_ keys: String?, level: Level = .answers, _ more: String...) async throws -> Run {
    var drill = Drill(catalog: "encoded", level: level)
    drill.more = (keys.map { ["keys: \($0)"] } ?? []) + more
    return try await run(drill)
  }

  /// Changes the stored bytes of an encoded data artifact, and seals that.
  func damage(_ change: (inout Data) -> Void) throws {
    let path = try path(of: dataArtifacts()[0])
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    change(&bytes)
    try bytes.write(to: URL(fileURLWithPath: path))
    try reseal()
  }
}
