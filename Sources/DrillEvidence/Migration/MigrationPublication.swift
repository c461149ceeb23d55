import DrillCrypto
public import DrillModel

/// An event as a migration tool publishes it: a ``MigrationEvent`` whose time may be left out, and then is the time at which it was first recorded.
public struct MigrationPublication: Codable, Hashable, Sendable {
  public var id: String
  public var cluster: String
  public var migration: String
  public var stage: MigrationStage
  public var at: Instant?
  public var moves: [TopologyDiff.Moving]?
  public var backup: String?
  public var note: String?

  public init(
    id: String, cluster: String, migration: String, stage: MigrationStage, at: Instant? = nil,
    moves: [TopologyDiff.Moving]? = nil, backup: String? = nil, note: String? = nil
  ) {
    self.id = id
    self.cluster = cluster
    self.migration = migration
    self.stage = stage
    self.at = at
    self.moves = moves
    self.backup = backup
    self.note = note
  }

  /// Most bytes of a name, and of a note: they stay in the ledger for ever.
  static let mostNameBytes = 200
  static let mostNoteBytes = 4096

  /// Reads one event or a list of them. Fields that an event has not are refused.
  ///
  /// - Throws: `DrillError` with `bad-file`.
  public static func read(_ json: [UInt8], file name: String) throws -> [MigrationPublication] {
    do {
      let start = json.first { !" \t\r\n".utf8.contains($0) }
      return start == UInt8(ascii: "[")
        ? try StrictJSON.decode([MigrationPublication].self, from: json)
        : [try StrictJSON.decode(MigrationPublication.self, from: json)]
    } catch {
      throw DrillError(
        .badFile, subject: name,
        detail: "not an event of a migration, nor a list of them: \(error); see `firedrill migration event --help`")
    }
  }

  /// The event that is recorded.
  ///
  /// - Throws: `DrillError` with `usage` where it makes no sense by itself.
  func event(at now: Instant) throws -> MigrationEvent {
    func refuse(_ detail: String) -> DrillError { DrillError(.usage, subject: id, detail: detail) }
    for (value, what) in [(id, "id"), (cluster, "cluster"), (migration, "migration")] {
      guard value.contains(where: { !$0.isWhitespace }), value.utf8.count <= Self.mostNameBytes else {
        throw refuse("the \(what) must have 1 to \(Self.mostNameBytes) bytes: it stays in the ledger for ever")
      }
    }
    guard migration.allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) }) else {
      throw refuse("a migration's name is made of letters, digits, '-', '_' and '.', not “\(migration)”")
    }
    guard (backup?.utf8.count ?? 1) > 0, (backup?.utf8.count ?? 0) <= Self.mostNameBytes else {
      throw refuse("a backup's id has 1 to \(Self.mostNameBytes) bytes")
    }
    guard (note?.utf8.count ?? 0) <= Self.mostNoteBytes else {
      throw refuse("the note has more than \(Self.mostNoteBytes) bytes, and would stay in the ledger for ever")
    }
    var moving = SlotSet()
    for move in moves ?? [] {
      guard !move.slots.isEmpty else { throw refuse("a move of no slot from \(move.source) to \(move.target)") }
      guard !move.source.isEmpty, !move.target.isEmpty, move.source != move.target else {
        throw refuse("slots \(move.slots) would go from “\(move.source)” to “\(move.target)”: name two shards")
      }
      let twice = moving.intersection(move.slots)
      guard twice.isEmpty else { throw refuse("slots \(twice) are in two of its moves") }
      moving = moving.union(move.slots)
    }
    return MigrationEvent(
      id: id, cluster: cluster, migration: migration, stage: stage, at: at ?? now, moves: moves ?? [], backup: backup,
      note: note)
  }
}
