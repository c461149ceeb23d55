import DrillChecks
import DrillCrypto
import DrillFaults
import DrillModel
import Foundation
import GRDB

@testable import Firedrill

/// Faults in a backup of SQLite files, one for each check that they can show.
enum ShopMutations {
  static let rows: [MutationRow] = manifest + files + contents + comparisons + objectives

  private static let manifest = [
    MutationRow(
      check: .selection, fault: "a time that no chain reaches", found: [.backupMissing],
      plant: { ComposedDrill(bench: $0, point: .time(Instant(millisecondsSince1970: 0))) }),
    MutationRow(
      check: .manifestForm, fault: "a manifest that is none", found: [.manifestUnreadable],
      plant: { bench in
        try Data("no envelope".utf8).write(to: URL(fileURLWithPath: bench.manifestPath))
        return ComposedDrill(bench: bench)
      }),
    MutationRow(
      check: .signature, fault: "sealed by a key that nobody trusts", found: [.signatureUntrusted],
      plant: { bench in
        try bench.reseal(with: "other")
        return ComposedDrill(bench: bench)
      }),
    MutationRow(
      check: .trust, fault: "sealed by a key that is revoked", found: [.signatureRevoked],
      plant: { ComposedDrill(bench: $0, drill: .init(trust: "[{key: seal.pub, revoked: 2020-01-01T00:00:00Z}]")) }),
    MutationRow(
      check: .trust, fault: "of a cut after its key's time", found: [.signatureOutOfTime],
      plant: { ComposedDrill(bench: $0, drill: .init(trust: "[{key: seal.pub, until: 2020-01-01T00:00:00Z}]")) }),
    MutationRow(
      check: .trust, fault: "sealed by a key that is not trusted with backups", found: [.signatureWrongPurpose],
      plant: { ComposedDrill(bench: $0, drill: .init(trust: "[{key: seal.pub, purpose: gate}]")) }),
    MutationRow(
      check: .trust, fault: "sealed by one where two have to", found: [.signaturesTooFew],
      plant: { ComposedDrill(bench: $0, drill: .init(trust: "{threshold: 2, keys: [seal.pub, other.pub]}")) }),
    MutationRow(
      check: .replacement, fault: "another manifest than the one that a run saw", found: [.manifestReplaced],
      plant: { bench in
        ComposedDrill(
          bench: bench,
          known: [bench.backup: RunRecords.KnownManifest(run: "earlier", digest: SHA256.digest(Array("another".utf8)))])
      }),
    MutationRow(
      check: .identity, fault: "the manifest of another cluster", found: [.manifestMismatch],
      plant: { bench in
        try bench.reseal { $0.cluster = "other" }
        return ComposedDrill(bench: bench)
      }),
    MutationRow(
      check: .expectedTopology, fault: "a backup of an earlier epoch", found: [.topologyStale],
      plant: { bench in
        var topology = try bench.manifest().topology
        topology.epoch += 1
        return ComposedDrill(bench: bench, expected: topology)
      }),
  ]

  private static let files = [
    MutationRow(
      check: .keys, fault: "encrypted to a key that recovery does not have", found: [.keyMissing],
      still: [.artifactUnreadable],
      reason: "what is not opened cannot be read either; that it is the key is said by this check",
      plant: { bench in
        let recipient = try await bench.keys.age("recovery")
        return ComposedDrill(
          bench: try await bench.encoded(["age"], for: [recipient]), drill: .init(catalog: "encoded"))
      }),
    MutationRow(
      check: .presence, fault: "an artifact that is gone", found: [.artifactMissing],
      plant: { bench in
        try FileManager.default.removeItem(atPath: bench.path(of: try bench.dataArtifacts()[1]))
        return ComposedDrill(bench: bench)
      }),
    MutationRow(
      check: .strangers, fault: "a file that nobody sealed", found: [.artifactUnexpected],
      plant: { bench in
        try Data([1]).write(to: URL(fileURLWithPath: bench.backupFolder + "/stranger"))
        return ComposedDrill(bench: bench)
      }),
    MutationRow(
      check: .fileKind, fault: "a link in an artifact's place", found: [.artifactNotRegular],
      plant: { bench in
        let path = bench.path(of: try bench.dataArtifacts()[1])
        try FileManager.default.moveItem(atPath: path, toPath: bench.folder + "/elsewhere")
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: bench.folder + "/elsewhere")
        return ComposedDrill(bench: bench)
      }),
    MutationRow(
      check: .size, fault: "a line break after the captured answers", found: [.sizeMismatch],
      plant: { bench in
        try append([0x0A], to: bench.backupFolder + "/reference/answers.json")
        return ComposedDrill(bench: bench)
      }),
    MutationRow(
      check: .digest, fault: "a byte of a database that no reader looks at", found: [.checksumMismatch],
      plant: { bench in
        // Source: SQLite file format, 1.3: bytes 72 to 91 are reserved for expansion.
        try overwrite([1], at: 75, of: bench.path(of: try bench.dataArtifacts()[1]))
        return ComposedDrill(bench: bench)
      }),
    MutationRow(
      check: .immutability, fault: "artifacts that anybody may change", found: [.artifactMutable],
      plant: { ComposedDrill(bench: $0, drill: .init(more: ["immutability: required"])) }),
  ]

  private static let contents = [
    MutationRow(
      check: .decoding, fault: "text in the place of a database, in a shard that is not restored",
      found: [.artifactUnreadable],
      plant: { bench in
        let artifact = try unsampled(bench)
        try Data("just text".utf8).write(to: URL(fileURLWithPath: bench.path(of: artifact)))
        try bench.reseal()
        return sample(bench)
      }),
    MutationRow(
      check: .decoding, fault: "text in the place of a database that is restored", found: [.artifactUnreadable],
      still: [.restoreRejected],
      plant: { bench in
        try Data("just text".utf8).write(to: URL(fileURLWithPath: bench.path(of: try bench.dataArtifacts()[0])))
        try bench.reseal()
        return ComposedDrill(bench: bench)
      }),
    MutationRow(
      check: .encodings, fault: "a compressed artifact that breaks off", found: [.encodingDamaged],
      still: [.artifactUnreadable],
      reason:
        "what does not decode is read as it is stored, and is not readable; this one says which filter is at fault",
      plant: { bench in
        let artifact = try bench.dataArtifacts()[0]
        try compress(bench.path(of: artifact))
        let path = bench.path(of: artifact) + ".gz"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        try bytes.dropLast(bytes.count / 3).write(to: URL(fileURLWithPath: path))
        try bench.reseal { manifest in
          for index in manifest.artifacts.indices where manifest.artifacts[index].name == artifact.name {
            manifest.artifacts[index].name += ".gz"
            manifest.artifacts[index].encodings = ["gzip"]
          }
        }
        return ComposedDrill(bench: bench)
      }),
    MutationRow(
      check: .formatEnd, fault: "bytes after a database's end", found: [.trailingBytes],
      plant: { bench in
        try append([1, 2, 3], to: bench.path(of: try bench.dataArtifacts()[0]))
        try bench.reseal()
        return ComposedDrill(bench: bench)
      }),
    MutationRow(
      check: .version, fault: "a format that is newer than this program, in a shard that is not restored",
      found: [.versionUnsupported],
      plant: { bench in
        // Source: SQLite file format, 1.3: bytes 18 and 19 are the write and read versions.
        try overwrite([3, 3], at: 18, of: bench.path(of: try unsampled(bench)))
        try bench.reseal()
        return sample(bench)
      }),
    MutationRow(
      check: .database, fault: "an absent value where the table forbids it, in a shard that is not restored",
      found: [.databaseCorrupt],
      plant: { bench in
        try execute(
          [
            "CREATE TABLE n(id INTEGER PRIMARY KEY, v)", "INSERT INTO n VALUES(1, NULL)", "PRAGMA writable_schema=ON",
            "UPDATE sqlite_schema SET sql='CREATE TABLE n(id INTEGER PRIMARY KEY, v NOT NULL)' WHERE name='n'",
          ], on: bench.path(of: try unsampled(bench)))
        try bench.reseal()
        return sample(bench)
      }),
    MutationRow(
      check: .foreignKeys, fault: "a row without its parent, in a shard that is not restored",
      found: [.foreignKeyViolated],
      plant: { bench in
        try execute(
          [
            "CREATE TABLE p(id INTEGER PRIMARY KEY)",
            "CREATE TABLE c(id INTEGER PRIMARY KEY, p INT REFERENCES p(id))", "INSERT INTO c VALUES(1, 4242)",
          ], on: bench.path(of: try unsampled(bench)))
        try bench.reseal()
        return sample(bench)
      }),
    MutationRow(
      check: .slotCoverage, fault: "a shard without an artifact", found: [.coverageHole],
      plant: { bench in
        let lost = try bench.dataArtifacts()[1]
        try FileManager.default.removeItem(atPath: bench.path(of: lost))
        try bench.reseal { $0.artifacts.removeAll { $0.name == lost.name } }
        return ComposedDrill(bench: bench)
      }),
    MutationRow(
      check: .placement, fault: "a row in another shard's file", found: [.slotMisplaced],
      plant: { bench in
        let data = try bench.dataArtifacts()
        let customer = try childless(bench, in: data[0])
        try execute(
          [
            "ATTACH '\(bench.path(of: data[1]))' AS other",
            "INSERT INTO other.customers SELECT * FROM customers WHERE customer_id=\(customer)",
            "DELETE FROM customers WHERE customer_id=\(customer)", "DETACH other",
          ], on: bench.path(of: data[0]))
        try bench.reseal()
        return ComposedDrill(bench: bench)
      }),
    MutationRow(
      check: .overlap, fault: "a slot that two shards own", found: [.slotOverlap],
      plant: { bench in
        try bench.reseal { manifest in
          if let slot = manifest.topology.shards[1].slots.slots.first { manifest.topology.shards[0].slots.insert(slot) }
        }
        return ComposedDrill(bench: bench)
      }),
    MutationRow(
      check: .doubles, fault: "a row on both sides of a move of which one is not restored", found: [.recordDouble],
      plant: { bench in
        let data = try bench.dataArtifacts()
        let customer = try childless(bench, in: data[0])
        try execute(
          [
            "ATTACH '\(bench.path(of: data[1]))' AS other",
            "INSERT INTO other.customers SELECT * FROM customers WHERE customer_id=\(customer)", "DETACH other",
          ], on: bench.path(of: data[0]))
        var key: [UInt8] = []
        key.appendInteger(customer)
        let slot = ComposedDrill(bench: bench).engine.slot(ofKey: key)
        try bench.reseal { manifest in
          manifest.topology.moves = [
            .init(slot: slot, source: data[0].shard ?? "", target: data[1].shard ?? "")
          ]
        }
        return sample(bench)
      }),
  ]

  private static let comparisons = [
    MutationRow(
      check: .loading, fault: "a server that refuses the file", found: [.restoreRejected],
      plant: { ComposedDrill(bench: $0, engine: FaultyEngine(.refusesToLoad)) }),
    MutationRow(
      check: .readBack, fault: "a server that loses records, where nothing was captured", found: [.restoredDiffers],
      plant: { bench in
        try withoutReference(bench)
        return ComposedDrill(bench: bench, drill: .init(level: .restored), engine: FaultyEngine(.losesRecords))
      }),
    MutationRow(
      check: .accessRules, fault: "a file that others could read", found: [.accessDiffers],
      plant: { bench in
        try bench.reseal { manifest in
          for index in manifest.artifacts.indices where manifest.artifacts[index].role == .data {
            manifest.artifacts[index].mode = "0644"
          }
        }
        return ComposedDrill(bench: bench, drill: .init(more: ["access: {mode: \"0600\"}"]))
      }),
    MutationRow(
      check: .content, fault: "a row that was altered and that nobody asks for", found: [.contentDiffers],
      plant: { bench in
        try alter(bench)
        return ComposedDrill(bench: bench)
      }),
    MutationRow(
      check: .answers, fault: "an answer that production did not give", found: [.answerDiffers],
      plant: { bench in
        try falsifyAnswer(bench)
        return ComposedDrill(bench: bench)
      }),
    MutationRow(
      check: .drift, fault: "a row that was altered, against the live store", found: [.driftUnexplained],
      plant: { bench in
        try alter(bench)
        return ComposedDrill(bench: bench, drill: .init(level: .content, more: ["reference: live"]))
      }),
  ]

  private static let objectives = [
    MutationRow(
      check: .restoreTime, fault: "a restore that took too long", found: [.restoreTimeExceeded],
      plant: { ComposedDrill(bench: $0, drill: .init(more: ["objectives: {rto: 1ms}"])) }),
    MutationRow(
      check: .recoveryPoint, fault: "a cut that is too old", found: [.recoveryPointExceeded],
      plant: { bench in
        try bench.reseal {
          $0.cut.time = Instant(millisecondsSince1970: $0.cut.time.millisecondsSince1970 - 7_200_000)
        }
        return ComposedDrill(bench: bench, drill: .init(more: ["objectives: {rpo: 1h}"]))
      }),
    MutationRow(
      check: .driftAmount, fault: "a live store that went on", found: [.driftExceeded],
      plant: {
        ComposedDrill(
          bench: $0,
          drill: .init(
            cluster: "shop-later.yaml", level: .content, more: ["reference: live", "objectives: {drift: 0}"]))
      }),
    MutationRow(
      check: .mismatches, fault: "an answer that production did not give, where none may differ",
      found: [.answerDiffers, .mismatchesExceeded], still: [.answerDiffers],
      reason: "each differing answer is a finding by itself; this one says that the limit of the drill was passed",
      plant: { bench in
        try falsifyAnswer(bench)
        return ComposedDrill(bench: bench, drill: .init(more: ["objectives: {mismatches: 0}"]))
      }),
    MutationRow(
      check: .share, fault: "half of the shards, where all have to be examined", found: [.coverageShort],
      plant: {
        ComposedDrill(
          bench: $0, drill: .init(more: ["sandbox: {folder: work, shards: 2}", "objectives: {coverage: 90%}"]))
      }),
  ]

  // MARK: Planting

  private static func sample(_ bench: DrillBench) -> ComposedDrill {
    ComposedDrill(bench: bench, drill: .init(level: .none, more: ["sandbox: {folder: work, shards: 1}"]))
  }

  /// A data artifact of a shard that ``sample(_:)`` does not restore.
  private static func unsampled(_ bench: DrillBench) throws -> Artifact {
    let hash = SipHash(seed: UInt64(DrillBench.Drill().seed))
    let drawn = try bench.dataArtifacts().sorted {
      hash.hash(Array(($0.shard ?? "").utf8)) < hash.hash(Array(($1.shard ?? "").utf8))
    }
    return drawn[drawn.count - 1]
  }

  private static func execute(_ sql: [String], on path: String) throws {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    try queue.writeWithoutTransaction { database in
      for statement in sql { try database.execute(sql: statement) }
    }
    try queue.close()
  }

  /// A customer of whom nobody asks, without rows in other tables.
  private static func childless(_ bench: DrillBench, in artifact: Artifact) throws -> Int64 {
    let asked = try askedCustomers(bench)
    let all = try BackupRows(paths: [bench.path(of: artifact)]).integers(
      "SELECT customer_id FROM customers WHERE customer_id NOT IN (SELECT customer_id FROM orders UNION SELECT customer_id FROM sessions)"
    ).map { $0[0] }
    guard let customer = all.first(where: { !asked.contains($0) }) else {
      throw DrillError(.usage, detail: "every customer has other rows, or is asked for")
    }
    return customer
  }

  private static func askedCustomers(_ bench: DrillBench) throws -> Set<Int64> {
    try bench.answers().operations.reduce(into: []) { asked, operation in
      if case .query(_, let parameters, _) = operation.statement, case .integer(let customer)? = parameters.first {
        asked.insert(customer)
      }
    }
  }

  private static func alter(_ bench: DrillBench) throws {
    let asked = try askedCustomers(bench)
    let all = try bench.rows().integers("SELECT customer_id FROM customers").map { $0[0] }
    guard let customer = all.first(where: { !asked.contains($0) }) else {
      throw DrillError(.usage, detail: "every customer is asked for")
    }
    try bench.rows().execute("UPDATE customers SET balance = 1234.5 WHERE customer_id = ?", [customer])
    try bench.reseal()
  }

  private static func falsifyAnswer(_ bench: DrillBench) throws {
    var sheet = try bench.answers()
    sheet.answers[0].digest = SHA256.digest(Array("another answer".utf8))
    try JSONEncoder().encode(sheet).write(to: URL(fileURLWithPath: bench.backupFolder + "/reference/answers.json"))
    try bench.reseal()
  }

  private static func withoutReference(_ bench: DrillBench) throws {
    for artifact in try bench.manifest().artifacts where artifact.role == .reference {
      try FileManager.default.removeItem(atPath: bench.path(of: artifact))
    }
    try bench.reseal { manifest in
      manifest.artifacts.removeAll { $0.role == .reference }
      manifest.reference = nil
    }
  }

  private static func compress(_ path: String) throws {
    let gzip = Process()
    gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    gzip.arguments = ["gzip", path]
    try gzip.run()
    gzip.waitUntilExit()
  }

  private static func append(_ bytes: [UInt8], to path: String) throws {
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.seekToEnd()
    try file.write(contentsOf: Data(bytes))
    try file.close()
  }

  private static func overwrite(_ bytes: [UInt8], at offset: UInt64, of path: String) throws {
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.seek(toOffset: offset)
    try file.write(contentsOf: Data(bytes))
    try file.close()
  }
}
