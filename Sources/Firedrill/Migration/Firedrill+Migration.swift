public import DrillEvidence
public import DrillModel
import Foundation

extension Firedrill {
  /// Records events of migrations, all of them or none; those that are recorded already are not recorded again.
  ///
  /// - Throws: `DrillError` as ``DrillEvidence/Ledger/publish(_:at:)`` does.
  public static func publish(
    _ events: [MigrationPublication], ledger path: String, at now: Instant = .now
  ) throws -> [PublishedEvent] {
    guard !events.isEmpty else {
      throw DrillError(.usage, subject: "event", detail: "there is no event to record")
    }
    return try openLedger(path).publish(events, at: now)
  }

  /// Reads events from a JSON file, or from standard input where `path` is `-`.
  ///
  /// - Throws: `DrillError` with `bad-file`.
  public static func migrationEvents(from path: String) throws -> [MigrationPublication] {
    let most = 4 << 20
    let data: Data
    do {
      let file =
        path == "-"
        ? FileHandle.standardInput : try FileHandle(forReadingFrom: URL(fileURLWithPath: Workplace.absolute(path)))
      data = try file.read(upToCount: most + 1) ?? Data()
    } catch {
      throw DrillError(.badFile, subject: path, detail: "it cannot be read", underlying: error)
    }
    guard data.count <= most else { throw DrillError(.badFile, subject: path, detail: "larger than \(most) bytes") }
    return try MigrationPublication.read([UInt8](data), file: path == "-" ? "standard input" : path)
  }

  /// A migration with all that is recorded around it.
  ///
  /// - Parameter name: nil: the only one that is open, or else the last that began.
  /// - Throws: `DrillError` with `usage` where there is none, or several are open and none is named; `ledger-damaged`, `io`.
  public static func migration(
    _ name: String? = nil, cluster: String, ledger path: String, at now: Instant = .now
  ) throws -> MigrationTimeline {
    let history = try Ledger.open(at: path, mode: .readOnly).history(of: cluster)
    return MigrationTimeline(
      try Migration.named(name, among: history.migrations(of: cluster), of: cluster), in: history, at: now)
  }

  /// Reads slots as they are written, `0-99,200`.
  ///
  /// - Throws: `DrillError` with `usage`.
  public static func slots(_ text: String) throws -> SlotSet {
    guard let slots = SlotSet(parsing: text), !slots.isEmpty else {
      throw DrillError(
        .usage, subject: text, detail: "slots are written as ranges from 0 to \(Slot.count - 1), such as 0-99,200")
    }
    return slots
  }
}
