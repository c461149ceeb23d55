internal import DrillCrypto
internal import DrillModel

@testable import DrillEngines

/// Increments of SQLite files.
enum ChangesetReaders {
  private static let increment = ScratchFile("increment")
  private static let base: ScratchFile = {
    let file = ScratchFile("base.sqlite")
    guard let connection = try? SQLiteConnection(path: file.path, access: .assembly) else { fatalError("no database") }
    defer { connection.close() }
    for statement in Seeds.schema + Seeds.rows {
      do { try connection.execute(statement) } catch { fatalError("no database: \(error)") }
    }
    return file
  }()
  private static let store = ScratchFile("store.sqlite")
  private static let whole = ScratchFile.bytes(of: base.path)

  /// The bytes are a header's line and a changeset; the digest over them, which would stop every change, is ours.
  static func increment(_ bytes: [UInt8]) {
    let line = "firedrill changeset 1 \(SHA256.digest(bytes).hex)\n"
    increment.hold(Array(line.utf8) + bytes)
    let file = ArtifactFile(shard: "shard-0", format: ChangesetFile.format, path: increment.path)
    guard let facts = try? SQLiteEngine().incrementFacts(file), facts.problems.isEmpty else { return }
    store.hold(whole)
    _ = try? IncrementApplication(shard: "shard-0", files: [file]).apply(to: store.path)
  }
}
