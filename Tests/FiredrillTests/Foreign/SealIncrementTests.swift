import DrillModel
import Firedrill
import Foundation
import Testing

/// A server's own log of several files, sealed in full and then by what it grew.
@Suite("firedrill seal of what a log grew by")
struct SealIncrementTests {
  private static func encoded(_ words: String...) -> [UInt8] {
    words.reduce(into: Array("*\(words.count)\r\n".utf8)) { bytes, word in
      bytes += Array("$\(word.utf8.count)\r\n\(word)\r\n".utf8)
    }
  }

  private struct Log {
    let folder: String
    var increment: String { folder + "/a.aof.1.incr.aof" }

    init(in home: String) throws {
      folder = home + "/appendonlydir"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
      let manifest = "file a.aof.1.base.rdb seq 1 type b\nfile a.aof.1.incr.aof seq 1 type i\n"
      try Data(manifest.utf8).write(to: URL(fileURLWithPath: folder + "/a.aof.manifest"))
      try Data(KeptBackups.rdb([0: [.init("kept", "1")]])).write(
        to: URL(fileURLWithPath: folder + "/a.aof.1.base.rdb"))
      try Data(SealIncrementTests.encoded("SET", "first", "1")).write(to: URL(fileURLWithPath: increment))
    }

    func grow(_ words: String...) throws {
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: increment))
      defer { try? file.close() }
      try file.seekToEnd()
      try file.write(
        contentsOf: Data(
          words.reduce(into: Array("*\(words.count)\r\n".utf8)) { bytes, word in
            bytes += Array("$\(word.utf8.count)\r\n\(word)\r\n".utf8)
          }))
    }
  }

  private func seal(
    _ log: Log, _ cut: String, _ more: String..., in place: TestBench
  ) async throws -> FiredrillProcess.Ending {
    try await FiredrillProcess.run(
      [
        "seal", log.folder, "--cluster", "shop", "--to", place.folder + "/backups", "--key", place.folder + "/seal",
        "--no-slot-map", "--cut", cut, "--json",
      ] + more, in: place)
  }

  @Test("states its class and leads on from the backup before it; one that is older is refused")
  func increments() async throws {
    try await TemporaryFolder.with { folder in
      _ = try Firedrill.keygen(out: folder + "/seal")
      let (place, log) = (TestBench(folder: folder), try Log(in: folder))
      let full = try await seal(log, "2026-01-31T04:00:00Z", in: place)
      #expect(full.status == 0, "\(full.output)\(full.errors)")
      try log.grow("SET", "second", "2")
      let earlier = try await seal(log, "2026-01-31T03:00:00Z", "--on", "latest", in: place)
      #expect(earlier.status != 0 && earlier.errors.contains("are older than it"), "\(earlier.output)\(earlier.errors)")
      let made = try await seal(
        log, "2026-01-31T05:00:00Z", "--on", "latest", "--retention", "pre-move", in: place)
      #expect(made.status == 0, "\(made.output)\(made.errors)")
      let manifest = try made.json()
      #expect(manifest["kind"] as? String == "incremental")
      #expect(manifest["retention"] as? String == "pre-move")
      let id = try #require(manifest["backup"] as? String)
      let trust = ["--trust", folder + "/seal.pub"]
      let checked = try await FiredrillProcess.run(["check", "\(folder)/backups/\(id)"] + trust, in: place)
      #expect(checked.status == 0, "\(checked.output)\(checked.errors)")
      let held = try await Firedrill.fingerprint(of: id, catalog: folder + "/backups")
      #expect(held.records == 3)
    }
  }
}
