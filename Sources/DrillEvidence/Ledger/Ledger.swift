public import DrillCrypto
public import DrillModel
import Foundation
import GRDB
import Glibc

/// The append-only record of runs and of what else happened, in one SQLite file.
///
/// Each row is a leaf of an RFC 6962 Merkle tree over small statements; bulky details hang on them by their digest and can be dropped by age without
/// disturbing the tree. A write is there as a whole or not at all, through kill -9 and power loss: a rollback journal with `synchronous=EXTRA`, which,
/// unlike a write-ahead log, leaves one file that can be copied and can be read from a read-only disk. Source: <https://sqlite.org/pragma.html>.
///
/// Several processes may hold one ledger; their writes are serialised. Calls block for as long as the disk does.
public final class Ledger: Sendable {
  public enum Mode: Sendable { case readWrite, readOnly }

  public let path: String
  /// The name under which the ledger's tree heads are published.
  public let origin: String
  /// Names keys under this ledger's own secret.
  public let redactor: KeyRedactor
  private let queue: DatabaseQueue
  let locks: RunLocks

  /// Opens a ledger; in mode ``Mode/readWrite`` makes it where there is none, readable by its owner alone.
  ///
  /// - Throws: `DrillError`: `ledger-unwritable` where it cannot be made, opened or (in mode ``Mode/readWrite``) written; `ledger-damaged` where the file
  ///   is not a ledger, is damaged, or has a newer schema; `io` where there is none to read.
  public static func open(at path: String, mode: Mode = .readWrite) throws -> Ledger {
    try Ledger(path: path, mode: mode)
  }

  /// - Parameter maxPages: the most pages of 4 KiB that the database may have, as if the disk were full then.
  package init(path: String, mode: Mode, maxPages: Int? = nil) throws {
    self.path = path
    locks = RunLocks(path: path + "-running")
    try Ledger.prepare(path, mode: mode)
    let queue = try mappingLedgerErrors(path) { try LedgerFile.open(path, mode: mode, maxPages: maxPages) }
    self.queue = queue
    (origin, redactor) = try mappingLedgerErrors(path) {
      if mode == .readWrite {
        try queue.write { db in
          let found = try LedgerSchema.version(of: db, path: path)
          try LedgerSchema.migrate(db, from: found ?? 0)
          if found == nil { try Ledger.makeIdentity(db) }
        }
      }
      return try queue.read { db in
        guard let version = try LedgerSchema.version(of: db, path: path) else { throw LedgerFile.absent(path) }
        guard version == LedgerSchema.version else {
          throw DrillError(
            .ledgerUnwritable, subject: path,
            detail: "the ledger has the old schema \(version); open it once with write access")
        }
        guard
          let row = try Row.fetchOne(
            db, sql: "SELECT CAST(origin AS TEXT) AS origin, CAST(secret AS BLOB) AS secret FROM identity")
        else {
          throw DrillError(
            .ledgerDamaged, subject: path,
            detail: "the ledger has lost its identity; keep the file, and go on with a copy")
        }
        return (row["origin"], KeyRedactor(secret: [UInt8](row["secret"] as Data)))
      }
    }
  }

  /// What is done to the file before SQLite opens it.
  package static func prepare(_ path: String, mode: Mode) throws {
    switch mode {
    case .readWrite: try LedgerFile.prepareForWriting(path)
    case .readOnly: try LedgerFile.prepareForReading(path)
    }
  }

  private static func makeIdentity(_ db: Database) throws {
    let number = Randomness.bytes(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    let origin = "firedrill-ledger/" + number
    try db.execute(
      sql: "INSERT INTO identity (one, origin, secret) VALUES (1, ?, ?)",
      arguments: [origin, Data(KeyRedactor.freshSecret())])
  }

  func read<R>(_ body: (Database) throws -> R) throws -> R { try mappingLedgerErrors(path) { try queue.read(body) } }

  /// One transaction that takes the write lock at once; all of it happens or nothing.
  func write<R>(_ body: (Database) throws -> R) throws -> R { try mappingLedgerErrors(path) { try queue.write(body) } }

  /// Appends one leaf with its details, and the tree head that follows from it.
  ///
  /// - Returns: the leaf's index.
  /// - Throws: `DrillError` with `ledger-unwritable`; then nothing was recorded.
  @discardableResult
  public func append<Body: LeafBody>(_ body: Body, details: [UInt8]? = nil, at time: Instant = .now) throws -> Int {
    try write { db in try append(body, details: details, at: time, db) }
  }

  func append<Body: LeafBody>(_ body: Body, details: [UInt8]?, at time: Instant, _ db: Database) throws -> Int {
    let digest = details.map { SHA256.digest($0) }
    if let details, let digest {
      try db.execute(
        sql: "INSERT OR IGNORE INTO details (digest, body) VALUES (?, ?)", arguments: [digest.hex, Data(details)])
    }
    let statement = try CanonicalJSON.encode(Leaf(body, details: digest, time: time))
    var tree = try head(db) ?? MerkleTree()
    let leaf = Int(tree.size)
    let hash = MerkleTree.leafDigest(of: statement)
    tree.append(hash)
    try db.execute(
      sql: "INSERT INTO leaves (leaf, statement, hash) VALUES (?, ?, ?)",
      arguments: [leaf, String(decoding: statement, as: UTF8.self), Data(hash.bytes)])
    try db.execute(
      sql: "INSERT INTO tree_heads (size, peaks, time) VALUES (?, ?, ?)",
      arguments: [leaf + 1, Data(tree.peaks.flatMap(\.bytes)), time.description])
    return leaf
  }

  /// The head of the tree as it stands; nil while it is empty.
  ///
  /// - Throws: `DrillError` with `ledger-damaged`.
  public func head() throws -> TreeHead? {
    try read { db in
      try head(db).map { try TreeHead(origin: origin, $0) }
    }
  }

  private func head(_ db: Database) throws -> MerkleTree? {
    guard let row = try Row.fetchOne(db, sql: Ledger.headSQL + " ORDER BY size DESC LIMIT 1") else { return nil }
    return try head(from: row)
  }

  /// What the ledger recorded when the tree had `size` leaves; nil where it never had.
  func recordedRoot(size: Int) throws -> Digest? {
    try read { db in
      if size == 0 { return MerkleTree().root }
      return try Row.fetchOne(db, sql: Ledger.headSQL + " WHERE size = ?", arguments: [size]).map {
        try head(from: $0).root
      }
    }
  }

  // Columns are cast wherever they are read: a foreign or damaged file may hold any type in them.
  private static let headSQL =
    "SELECT size, coalesce(CAST(peaks AS BLOB), x'00') AS peaks FROM tree_heads"

  private func head(from row: Row) throws -> MerkleTree {
    guard let tree = MerkleTree(size: row["size"], storedPeaks: row["peaks"]) else {
      throw DrillError(
        .ledgerDamaged, subject: path, detail: "a tree head cannot be read; run `firedrill ledger verify`")
    }
    return tree
  }

  /// Drops the details of all leaves appended before `time`, and says so in a leaf of its own; the tree verifies as before.
  ///
  /// Details that a later leaf shares stay. What is dropped is overwritten in the file.
  ///
  /// - Returns: how many details were dropped; nothing is appended where there are none.
  /// - Throws: `DrillError` with `ledger-unwritable`.
  @discardableResult
  public func dropDetails(before time: Instant, at now: Instant = .now) throws -> Int {
    try write { db in
      let newer = "SELECT leaf FROM leaves WHERE json_extract(statement, '$.time') >= ? ORDER BY leaf LIMIT 1"
      let boundary =
        try Int.fetchOne(db, sql: newer, arguments: [time.description])
        ?? Int.fetchOne(db, sql: "SELECT count(*) FROM leaves") ?? 0
      try db.execute(
        sql: """
          DELETE FROM details WHERE digest IN (SELECT details FROM leaves WHERE leaf < ?1)
            AND digest NOT IN (SELECT details FROM leaves WHERE leaf >= ?1 AND details IS NOT NULL)
          """, arguments: [boundary])
      let count = db.changesCount
      if count > 0 { _ = try append(DetailsDropped(before: boundary, count: count), details: nil, at: now, db) }
      return count
    }
  }
}

extension MerkleTree {
  /// Takes up a tree from its stored head; nil where the two do not belong together.
  init?(size: Int, storedPeaks: Data) {
    guard size >= 0, let peaks = MerkleTree.digests(storedPeaks) else { return nil }
    self.init(size: UInt64(size), peaks: peaks)
  }

  /// The digests that were stored one after the other; nil where the bytes do not divide into digests.
  static func digests(_ stored: Data?) -> [Digest]? {
    guard let stored, stored.count % 32 == 0 else { return nil }
    let bytes = [UInt8](stored)
    return stride(from: 0, to: bytes.count, by: 32).map { start in
      bytes[start..<start + 32].withUnsafeBytes { Digest($0) }
    }
  }
}
