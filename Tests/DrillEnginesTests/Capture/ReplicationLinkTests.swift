import DrillModel
import Foundation
import Testing

@testable import DrillEngines

@Suite("A replication link")
struct ReplicationLinkTests {
  static let mark = String(repeating: "0123456789", count: 4)

  /// Takes the snapshot that a scripted server sends in `chunks` after `PSYNC`, the handshake's four replies before
  /// them.
  static func receive(_ chunks: [[UInt8]]) async throws -> (ReplicationPosition, [UInt8]) {
    let time = Array("*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n".utf8)
    let ok = Array("+OK\r\n".utf8)
    // The first chunk answers PSYNC; the others follow in the same breath, which the socket may join.
    let server = try ScriptedServer([ok, ok, ok, ok, time] + [chunks.flatMap { $0 }])
    let folder = NSTemporaryDirectory() + "firedrill-test-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = try SnapshotFile(path: folder + "/x.rdb")
    let link = try await ReplicationLink.open(.unix(path: server.path), .none, transfer: .diskless, sink: file)
    link.askForSnapshot()
    do {
      let resync = try await link.resynced()
      let size = try await link.received()
      #expect(!FileManager.default.fileExists(atPath: folder + "/x.rdb"))
      try file.seal()
      await link.close()
      let content = try Data(contentsOf: URL(fileURLWithPath: folder + "/x.rdb"))
      #expect(UInt64(content.count) == size)
      return (resync, Array(content))
    } catch {
      await link.close()
      file.discard()
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
      throw error
    }
  }

  @Test("snapshots that end with a mark and those that say their length arrive whole, line breaks before them ignored")
  func bothForms() async throws {
    for count in [0, 1, 39, 40, 41, 100, 70_000, 3_000_000] {
      let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
      let head = Array("\n\n+FULLRESYNC abc 1234\r\n\n$EOF:\(Self.mark)\r\n".utf8)
      let (resync, marked) = try await Self.receive([head, content, Array(Self.mark.utf8)])
      #expect(resync.history == "abc")
      #expect(resync.offset == 1234)
      #expect(marked == content, "\(count) bytes before a mark")
      let counted = try await Self.receive([Array("+FULLRESYNC abc 1234\r\n$\(count)\r\n".utf8), content]).1
      #expect(counted == content, "\(count) bytes by length")
    }
  }

  @Test(
    "a link that ends early, or says what no server says, leaves no file",
    arguments: [
      ("+FULLRESYNC abc 1\r\n$100\r\nshort", DrillError.Code.unreachable),
      ("+FULLRESYNC abc 1\r\n$EOF:\(mark)\r\nno mark", .unreachable),
      ("+FULLRESYNC abc 1\r\n$EOF:short\r\n", .protocolViolation), ("+FULLRESYNC abc x\r\n", .protocolViolation),
      ("-NOMASTERLINK Can't SYNC while not connected with my master\r\n", .serverFailed),
      ("-NOPERM no psync\r\n", .permissionDenied),
      ("+CONTINUE\r\n", .protocolViolation), ("REDIS0010", .unreachable), ("$-1\r\n", .protocolViolation),
    ])
  func broken(text: String, code: DrillError.Code) async throws {
    let found = await RedisConnectionTests.code { _ = try await Self.receive([Array(text.utf8)]) }
    #expect(found == code)
  }

  @Test("a snapshot's file is never begun where one is already")
  func exclusive() throws {
    let folder = NSTemporaryDirectory() + "firedrill-test-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let first = try SnapshotFile(path: folder + "/x.rdb")
    #expect(throws: DrillError.self) { try SnapshotFile(path: folder + "/x.rdb") }
    try first.seal()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["x.rdb"])
  }
}
