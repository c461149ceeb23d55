import DrillCrypto
import DrillEvidence
import DrillModel
import Foundation

/// A small ledger with its archive.
struct SampleEvidence {
  static let start = SampleRuns.start
  static func day(_ day: Double) -> Instant {
    Instant(millisecondsSince1970: start.millisecondsSince1970 + Int64(day * 86_400_000))
  }

  /// A run that ended at noon of a day.
  static func run(
    _ number: Int, day: Double, cluster: String = "orders", _ change: (inout Run) throws -> Void = { _ in }
  ) throws -> Run {
    var run = try SampleRuns.passing(number, drill: "\(cluster)-nightly", cluster: cluster)
    run.id = "\(cluster)-\(number)"
    run.startedAt = SampleEvidence.day(day + 0.5)
    run.finishedAt = run.startedAt
    try change(&run)
    return run
  }

  static func fail(_ run: inout Run) {
    run.findings = [
      Finding(
        .answerDiffers, stage: .compare, subject: .init(slot: Slot(9), key: .redacted("key:0011223344556677")),
        expected: "bulk string of 118 bytes", observed: "nil")
    ]
  }

  /// Two clusters, three nights: on the second, `orders` fails.
  static func ledger(at path: String) throws -> Ledger {
    let ledger = try Ledger.open(at: path)
    try ledger.append(try run(0, day: 0))
    try ledger.append(try run(0, day: 0, cluster: "users"))
    try ledger.append(try run(1, day: 1, fail))
    try ledger.append(try run(1, day: 1, cluster: "users"))
    try ledger.append(try run(2, day: 2))
    return ledger
  }

  static func request(
    from: Double = 0, to: Double = 30, clusters: [String] = [], showsKeys: Bool = false,
    previous: EvidenceManifest.Head? = nil, exportedAt: Instant? = nil
  ) -> EvidenceRequest {
    EvidenceRequest(
      from: day(from), to: day(to), clusters: clusters, exportedAt: exportedAt ?? day(40), tool: "firedrill test",
      showsKeys: showsKeys, previous: previous)
  }

  /// Files of an archive by name.
  static func files(_ archive: [UInt8]) throws -> [String: [UInt8]] {
    Dictionary(uniqueKeysWithValues: try TarArchive.decode(archive).entries.map { ($0.name, $0.bytes) })
  }

  /// Puts an archive's files below a folder.
  static func unpack(_ archive: [UInt8], to folder: String) throws {
    for (name, bytes) in try files(archive) {
      let path = "\(folder)/\(name)"
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try Data(bytes).write(to: URL(fileURLWithPath: path))
    }
  }
}
