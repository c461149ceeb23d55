import DrillCrypto
import DrillEvidence
import DrillModel
import Foundation
import Testing

@Suite("Verifying the ledger")
struct LedgerVerifyTests {
  @Test("an untouched ledger verifies in full, and so does an empty one")
  func clean() throws {
    try withTemporaryFolder { folder in
      let empty = try Ledger.open(at: folder + "/empty.db").verify()
      #expect(empty.isSound)
      #expect(empty.size == 0)
      let ledger = try LedgerCopy.make(at: folder + "/ledger.db", runs: 5)
      try ledger.writeAnchor(to: folder)
      try LedgerCopy.record(5, in: ledger)
      let result = try ledger.verify(anchors: AnchoredHead.read(in: folder))
      #expect(result.problems.isEmpty)
      #expect((result.size, result.headsExamined) == (12, 12))
      #expect(result.root == (try ledger.head()?.root))
      #expect(result.anchors.map(\.outcome) == [.confirmed])
      #expect(result.anchoredSize == 10)
    }
  }

  struct Tampering: CustomTestStringConvertible {
    var testDescription: String
    var sql: String
    var expected: [LedgerProblem.Code]
    var leaf: Int?
  }

  static let edited = "replace(statement, '\"verdict\":\"pass\"', '\"verdict\":\"fail\"')"

  @Test(
    "each way of tampering is its own problem, at its leaf",
    arguments: [
      Tampering(
        testDescription: "a statement is edited", sql: "UPDATE leaves SET statement = \(edited) WHERE leaf = 3",
        expected: [.leafEdited], leaf: 3),
      Tampering(
        testDescription: "a hash is edited", sql: "UPDATE leaves SET hash = randomblob(32) WHERE leaf = 3",
        expected: [.leafEdited, .headDiffers], leaf: 3),
      Tampering(
        testDescription: "a whole leaf is exchanged for another",
        sql: "UPDATE leaves SET (statement, hash) = (SELECT statement, hash FROM leaves WHERE leaf = 1) WHERE leaf = 3",
        // The details of the exchanged leaf are left without a name too.
        expected: [.headDiffers, .detailsUnreferenced], leaf: 3),
      Tampering(
        testDescription: "a leaf is dropped", sql: "DELETE FROM leaves WHERE leaf = 2", expected: [.leafMissing],
        leaf: 2),
      Tampering(
        testDescription: "the first leaf is dropped", sql: "DELETE FROM leaves WHERE leaf = 0",
        expected: [.leafMissing], leaf: 0),
      Tampering(
        testDescription: "the last leaf is cut off", sql: "DELETE FROM leaves WHERE leaf = 7",
        expected: [.tailCut, .detailsUnreferenced], leaf: 7),
      Tampering(
        testDescription: "a recorded head is edited", sql: "UPDATE tree_heads SET peaks = zeroblob(64) WHERE size = 3",
        expected: [.headDiffers], leaf: 2),
      Tampering(
        testDescription: "a recorded head is dropped", sql: "DELETE FROM tree_heads WHERE size = 3",
        expected: [.headMissing], leaf: nil),
      Tampering(
        testDescription: "one byte of details is changed",
        sql:
          "UPDATE details SET body = CAST(replace(CAST(body AS TEXT), 'x86_64', 'x86_63') AS BLOB) WHERE digest = (SELECT details FROM leaves WHERE leaf = 5)",
        expected: [.detailsEdited], leaf: 5),
      Tampering(
        testDescription: "details are removed without a word",
        sql: "DELETE FROM details WHERE digest = (SELECT details FROM leaves WHERE leaf = 5)",
        expected: [.detailsMissing], leaf: 5),
      Tampering(
        testDescription: "details are put in",
        sql: "INSERT INTO details (digest, body) VALUES (hex(zeroblob(32)), x'00')",
        expected: [.detailsUnreferenced], leaf: nil),
      Tampering(testDescription: "nothing at all", sql: "SELECT 1", expected: [], leaf: nil),
    ])
  func tampering(_ how: Tampering) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      try LedgerCopy.make(at: path, runs: 4)
      try LedgerCopy.tamper(path, how.sql)
      let result = try Ledger.open(at: path, mode: .readOnly).verify()
      #expect(result.problems.map(\.code) == how.expected)
      #expect(result.problems.first?.leaf == how.leaf)
    }
  }

  @Test("a guard that was taken away is found")
  func guards() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      try LedgerCopy.make(at: path, runs: 1)
      try LedgerCopy.execute(path, "DROP TRIGGER leaves_stay")
      let result = try Ledger.open(at: path).verify()
      #expect(result.problems.map(\.code) == [.schemaAltered])
      #expect(result.problems.first?.subject == "trigger leaves_stay")
    }
  }

  @Test(
    "the guards refuse to change what was appended",
    arguments: [
      "UPDATE leaves SET statement = '{\"kind\":\"x\"}'", "DELETE FROM leaves", "UPDATE tree_heads SET time = ''",
      "DELETE FROM tree_heads",
      "UPDATE details SET body = x''",
      "INSERT INTO leaves (leaf, statement, hash) VALUES (99, '{\"kind\":\"x\"}', zeroblob(32))",
    ])
  func guarded(sql: String) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      try LedgerCopy.make(at: path, runs: 1)
      #expect(throws: (any Error).self) { try LedgerCopy.execute(path, sql) }
      #expect(try LedgerCopy.problems(path) == [])
    }
  }

  @Test("an end that was cut off with its heads is found by what was anchored, and by nothing else")
  func cutTail() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      let ledger = try LedgerCopy.make(at: path, runs: 3)
      try ledger.writeAnchor(to: folder)
      let anchors = try AnchoredHead.read(in: folder)
      #expect(anchors.count == 1)
      let cut =
        "DELETE FROM details WHERE digest = (SELECT details FROM leaves WHERE leaf = 5); DELETE FROM leaves WHERE leaf = 5; DELETE FROM tree_heads WHERE size = 6"
      try LedgerCopy.tamper(path, cut)
      #expect(try LedgerCopy.problems(path) == [])
      let result = try ledger.verify(anchors: anchors)
      #expect(result.problems.map(\.code) == [.anchorBeyond])
      #expect(result.problems.first?.size == 6)
      #expect(result.anchoredSize == 0)
      // Growing again does not hide it: the tree of that size is another one.
      try LedgerCopy.record(7, in: ledger)
      #expect(try ledger.verify(anchors: anchors).problems.map(\.code) == [.anchorDiffers])
    }
  }

  @Test("an anchor that refutes the ledger is left as it is; one that it confirms is moved on")
  func anchorStays() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      let ledger = try LedgerCopy.make(at: path, runs: 2)
      try FileManager.default.copyItem(atPath: path, toPath: folder + "/old.db")
      try LedgerCopy.record(2, in: ledger)
      #expect(try ledger.writeAnchor(to: folder)?.size == 6)
      try LedgerCopy.record(3, in: ledger)
      #expect(try ledger.writeAnchor(to: folder)?.size == 8)
      let error = #expect(throws: DrillError.self) { try Ledger.open(at: folder + "/old.db").writeAnchor(to: folder) }
      #expect(error?.code == .ledgerDamaged)
      #expect(try AnchoredHead.read(in: folder).compactMap { $0.head?.size } == [8])
    }
  }

  @Test("the anchor of another ledger says nothing of this one, and garbage is not a head")
  func foreignAnchors() throws {
    try withTemporaryFolder { folder in
      let ledger = try LedgerCopy.make(at: folder + "/ledger.db", runs: 1)
      try LedgerCopy.make(at: folder + "/other.db", runs: 1).writeAnchor(to: folder)
      let foreign = try ledger.verify(anchors: AnchoredHead.read(in: folder))
      #expect(foreign.problems.isEmpty)
      #expect(foreign.anchors.map(\.outcome) == [.foreign])
      #expect(foreign.anchoredSize == 0)
      try Data([0xFF, 0x00, 0x0A]).write(to: URL(fileURLWithPath: folder + "/.firedrill/zzz.note"))
      #expect(try ledger.verify(anchors: AnchoredHead.read(in: folder)).problems.map(\.code) == [.anchorUnreadable])
    }
  }

  @Test("a catalog without anchors has none, and one that cannot be written says so")
  func unwritableCatalog() throws {
    try withTemporaryFolder { folder in
      let ledger = try LedgerCopy.make(at: folder + "/ledger.db", runs: 1)
      #expect(try AnchoredHead.read(in: folder).isEmpty)
      let error = #expect(throws: DrillError.self) { try ledger.writeAnchor(to: folder + "/nowhere") }
      #expect(error?.code == .catalogUnwritable)
    }
  }

  @Test("a signed anchor is confirmed under its key, and under no other", arguments: KeyAlgorithm.allCases)
  func signedAnchor(_ algorithm: KeyAlgorithm) throws {
    try withTemporaryFolder { folder in
      let ledger = try LedgerCopy.make(at: folder + "/ledger.db", runs: 2)
      let (key, stranger) = try (SigningKey.generate(algorithm), SigningKey.generate(algorithm))
      try ledger.writeAnchor(to: folder, signedBy: key)
      let anchors = try AnchoredHead.read(in: folder)
      #expect(anchors.first?.isSigned == true)
      let own = try ledger.verify(anchors: anchors, trusted: [stranger.publicKey, key.publicKey])
      #expect(own.problems.isEmpty)
      #expect(own.anchors.map(\.signature) == [.trusted])
      #expect(own.anchors.map(\.key) == [key.publicKey.description])
      #expect(own.anchoredSize == 4)
      let foreign = try ledger.verify(anchors: anchors, trusted: [stranger.publicKey])
      #expect(foreign.problems.map(\.code) == [.anchorUntrusted])
      #expect(foreign.anchors.map(\.signature) == [.untrusted])
      #expect(foreign.anchoredSize == 0)
      // Without keys it is still a witness of the size.
      #expect(try ledger.verify(anchors: anchors).isSound)
      // A run without a key leaves it as it is.
      #expect(try ledger.writeAnchor(to: folder)?.size == 4)
      #expect(try AnchoredHead.read(in: folder) == anchors)
      // An unsigned head in its place is not enough where a key is named.
      try FileManager.default.removeItem(atPath: anchors[0].place)
      try ledger.writeAnchor(to: folder)
      let unsigned = try ledger.verify(anchors: AnchoredHead.read(in: folder), trusted: [key.publicKey])
      #expect(unsigned.problems.map(\.code) == [.anchorUntrusted])
      #expect(unsigned.anchors.map(\.signature) == [.none])
    }
  }

  @Test(
    "no beginning of a signed anchor and no flipped byte of it is taken for a head that the key signed",
    arguments: KeyAlgorithm.allCases)
  func damagedAnchor(_ algorithm: KeyAlgorithm) throws {
    try withTemporaryFolder { folder in
      let ledger = try LedgerCopy.make(at: folder + "/ledger.db", runs: 1)
      let key = try SigningKey.generate(algorithm)
      try ledger.writeAnchor(to: folder, signedBy: key)
      let anchor = try #require(try AnchoredHead.read(in: folder).first)
      let head = try #require(anchor.head)
      for end in anchor.bytes.indices {
        let cut = AnchoredHead(place: anchor.place, bytes: Array(anchor.bytes[..<end]))
        // A line break at the very end says nothing.
        if cut.signer(among: [key.publicKey]) != nil {
          #expect(end == anchor.bytes.count - 1 && cut.head == head, "cut at \(end)")
        }
      }
      for index in anchor.bytes.indices {
        var flipped = anchor
        flipped.bytes[index] ^= 0x01
        // Bytes outside of what is signed may differ; what the signature then says must not.
        if flipped.signer(among: [key.publicKey]) != nil { #expect(flipped.head == head, "byte \(index)") }
      }
    }
  }
}
