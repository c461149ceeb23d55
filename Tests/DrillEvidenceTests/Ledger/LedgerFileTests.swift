import DrillEvidence
import DrillModel
import Foundation
import GRDB
import Glibc
import Testing

@Suite("The ledger's file")
struct LedgerFileTests {
  private func code(_ body: () throws -> some Any) -> DrillError.Code? {
    #expect(throws: DrillError.self) { _ = try body() }?.code
  }

  @Test("the ledger and its folder are made where they are missing, for the owner alone")
  func permissions() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/state/firedrill/ledger.db"
      try LedgerCopy.make(at: path, runs: 1)
      func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      }
      #expect(try mode(path) == 0o600)
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder + "/state/firedrill").sorted()
          == ["ledger.db", "ledger.db-running"])
      #expect(try mode(folder + "/state/firedrill") == 0o700)
    }
  }

  @Test(
    "a read-only file, a read-only folder and a folder that cannot be made are ledger-unwritable; reading still works")
  func readOnly() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      let size = try LedgerCopy.make(at: path, runs: 1).verify().size
      withoutPrivileges { #expect(code { try Ledger.open(at: path, mode: .readOnly) } == .io) }
      chmod(path, 0o444)
      withoutPrivileges { #expect(code { try Ledger.open(at: path) } == .ledgerUnwritable) }
      chmod(path, 0o666)
      chmod(folder, 0o555)
      withoutPrivileges {
        #expect(code { try Ledger.open(at: path) } == .ledgerUnwritable)
        #expect(code { try Ledger.open(at: folder + "/new/ledger.db") } == .ledgerUnwritable)
      }
      #expect(try withoutPrivileges { try Ledger.open(at: path, mode: .readOnly).verify().size } == size)
      chmod(folder, 0o755)
      #expect(try Ledger.open(at: path).verify().size == size)
    }
  }

  @Test("a folder that turns read-only while the ledger is open is ledger-unwritable, and leaves no half row")
  func turnsReadOnly() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      try LedgerCopy.make(at: path, runs: 1)
      chmod(path, 0o666)
      chmod(folder, 0o777)
      try withoutPrivileges {
        let ledger = try Ledger.open(at: path)
        withPrivileges { _ = chmod(folder, 0o555) }
        #expect(code { try ledger.append(SampleRuns.passing(1)) } == .ledgerUnwritable)
        withPrivileges { _ = chmod(folder, 0o777) }
      }
      #expect(try Ledger.open(at: path).verify().size == 2)
    }
  }

  @Test("a full disk is ledger-unwritable, leaves no half row, and room made later is used")
  func full() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      let ledger = try Ledger(path: path, mode: .readWrite, maxPages: 40)
      var appended = 0
      var error: DrillError?
      for number in 0..<100 where error == nil {
        do {
          try ledger.append(SampleRuns.passing(number))
          appended += 1
        } catch let caught as DrillError { error = caught }
      }
      #expect(error?.code == .ledgerUnwritable)
      #expect(appended > 2 && appended < 100)
      let result = try ledger.verify()
      #expect(result.isSound)
      #expect(result.size == appended)
      try Ledger.open(at: path).append(SampleRuns.passing(appended))
      #expect(try ledger.verify().size == appended + 1)
    }
  }

  @Test("what is not a ledger is ledger-damaged: text, another database, a newer schema with its version")
  func notALedger() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      try Data(
        "this is a text file, and long enough to have a header of its own, one would think".utf8 + Data(count: 4096)
      ).write(
        to: URL(fileURLWithPath: path))
      #expect(code { try Ledger.open(at: path) } == .ledgerDamaged)
      #expect(code { try Ledger.open(at: path, mode: .readOnly) } == .ledgerDamaged)
      let other = folder + "/app.sqlite"
      try LedgerCopy.execute(other, "CREATE TABLE customers (id INTEGER PRIMARY KEY)")
      #expect(code { try Ledger.open(at: other) } == .ledgerDamaged)
      let newer = folder + "/newer.db"
      try LedgerCopy.make(at: newer, runs: 1)
      try LedgerCopy.execute(newer, "PRAGMA user_version = 97")
      let error = #expect(throws: DrillError.self) { try Ledger.open(at: newer, mode: .readOnly) }
      #expect(error?.code == .ledgerDamaged)
      #expect(error?.detail.contains("97") == true)
      #expect(code { try Ledger.open(at: newer) } == .ledgerDamaged)
      try LedgerCopy.execute(newer, "PRAGMA user_version = -3")
      #expect(code { try Ledger.open(at: newer) } == .ledgerDamaged)
    }
  }

  @Test("reading where there is no ledger says so, and makes none")
  func absent() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      #expect(code { try Ledger.open(at: path, mode: .readOnly) } == .io)
      #expect(!FileManager.default.fileExists(atPath: path))
      try Data().write(to: URL(fileURLWithPath: path))
      #expect(code { try Ledger.open(at: path, mode: .readOnly) } == .io)
    }
  }

  @Test("a page overwritten anywhere is never taken for a sound ledger, and never crashes", arguments: [1, 2, 3, 4])
  func corruptedPages(seed: UInt64) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      try LedgerCopy.make(at: path, runs: 6)
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      var state = seed
      for page in 0..<whole.count / 4096 {
        var bytes = whole
        for index in page * 4096..<(page + 1) * 4096 {
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          bytes[index] = UInt8(truncatingIfNeeded: state >> 33)
        }
        try bytes.write(to: URL(fileURLWithPath: path))
        do {
          let ledger = try Ledger.open(at: path, mode: .readOnly)
          #expect(try !ledger.verify().isSound, "page \(page), seed \(seed)")
          _ = try? ledger.runs()
          _ = try? ledger.run("latest")
        } catch let error as DrillError {
          #expect(error.code == .ledgerDamaged, "page \(page), seed \(seed)")
        }
      }
    }
  }

  @Test("a flipped byte anywhere in the file is found, or lies where nothing is stored", arguments: [1, 2])
  func flippedBytes(seed: UInt64) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      let ledger = try LedgerCopy.make(at: path, runs: 2)
      let (root, runs) = try (ledger.verify().root, ledger.runs().map(\.run))
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      var state = seed
      for _ in 0..<200 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let offset = Int(state >> 33) % whole.count
        var bytes = whole
        bytes[offset] ^= 0x10
        try bytes.write(to: URL(fileURLWithPath: path))
        do {
          let read = try Ledger.open(at: path, mode: .readOnly)
          let result = try read.verify()
          guard result.isSound else { continue }
          #expect(result.root == root, "offset \(offset), seed \(seed)")
          #expect(try read.runs().map(\.run) == runs, "offset \(offset), seed \(seed)")
        } catch let error as DrillError {
          #expect([.ledgerDamaged, .ledgerUnwritable, .io].contains(error.code), "offset \(offset), seed \(seed)")
        }
      }
    }
  }

  @Test("a write that was cut off at any statement leaves the ledger as it was before")
  func cutOff() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      let size = try LedgerCopy.make(at: path, runs: 3).verify().size
      let statements = [
        "INSERT INTO details (digest, body) VALUES (printf('%064d', 7), randomblob(300000))",
        "INSERT INTO leaves (leaf, statement, hash) VALUES (6, '{\"kind\":\"run\"}', zeroblob(32))",
        "INSERT INTO tree_heads (size, peaks, time) VALUES (7, zeroblob(96), '')",
      ]
      var hot = 0
      for count in 1...statements.count {
        let copy = folder + "/copy-\(count).db"
        let queue = try DatabaseQueue(path: path)
        try queue.inDatabase { db in
          // A tiny cache, so that the database file is written to before the commit: the worst moment to die.
          try db.execute(sql: "PRAGMA cache_size = 1; BEGIN IMMEDIATE")
          for statement in statements.prefix(count) { try db.execute(sql: statement) }
          try FileManager.default.copyItem(atPath: path, toPath: copy)
          try FileManager.default.copyItem(atPath: path + "-journal", toPath: copy + "-journal")
          try db.execute(sql: "ROLLBACK")
        }
        if try Data(contentsOf: URL(fileURLWithPath: copy)) != Data(contentsOf: URL(fileURLWithPath: path)) { hot += 1 }
        let result = try Ledger.open(at: copy, mode: .readOnly).verify()
        #expect(result.problems.isEmpty)
        #expect(result.size == size)
        try LedgerCopy.record(8, in: Ledger.open(at: copy))
        #expect(try LedgerCopy.problems(copy) == [])
      }
      #expect(hot > 0, "no copy held a half-written database: the test shows nothing")
    }
  }

  @Test(
    "kill -9 in the middle of appending leaves a ledger that verifies, with the run shown as interrupted",
    arguments: 0..<3)
  func killed(attempt: Int) async throws {
    try await inTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      let ready = folder + "/ready"
      await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, ready = ready as String] in
        let ledger = try Ledger.open(at: path)
        try LedgerCopy.begin(try SampleRuns.passing(99), in: ledger)
        Thread.detachNewThread {
          while !FileManager.default.fileExists(atPath: ready) { sched_yield() }
          kill(getpid(), SIGKILL)
        }
        for number in 100..<100_000 {
          try ledger.append(try SampleRuns.passing(number))
          if number == 103 { try Data().write(to: URL(fileURLWithPath: ready)) }
        }
      }
      let ledger = try Ledger.open(at: path, mode: .readOnly)
      let result = try ledger.verify()
      #expect(result.problems.isEmpty)
      #expect(result.size >= 5)
      #expect(try ledger.run(SampleRuns.id(99)).entry.state == .interrupted)
      try LedgerCopy.record(1, in: Ledger.open(at: path))
      #expect(try LedgerCopy.problems(path) == [])
    }
  }

  @Test("opening a ledger again does not loosen the hold of a writer in the same process")
  func locksStay() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      try LedgerCopy.make(at: path, runs: 1)
      let writer = try DatabaseQueue(path: path)
      try writer.inDatabase { db in
        try db.execute(sql: "BEGIN EXCLUSIVE")
        // Both look at the file and fail at the lock, which must still be there for another process afterwards.
        _ = try? LedgerFileProbe.open(path)
        #expect(try LedgerFileProbe.isLockedForOthers(path))
        try db.execute(sql: "ROLLBACK")
      }
      #expect(try !LedgerFileProbe.isLockedForOthers(path))
    }
  }

  @Test("connections that append at once are serialised, and the tree stays right")
  func concurrent() async throws {
    try await inTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      try LedgerCopy.make(at: path, runs: 0)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 0..<4 {
          group.addTask {
            let ledger = try Ledger.open(at: path)
            for number in 0..<8 { try LedgerCopy.record(writer * 8 + number, in: ledger) }
          }
        }
        try await group.waitForAll()
      }
      let ledger = try Ledger.open(at: path, mode: .readOnly)
      let result = try ledger.verify()
      #expect(result.problems.isEmpty)
      #expect(result.size == 64)
      #expect(try Set(ledger.runs().map(\.run)).count == 32)
      #expect(try ledger.runs().allSatisfy { $0.state == .finished })
    }
  }
}
