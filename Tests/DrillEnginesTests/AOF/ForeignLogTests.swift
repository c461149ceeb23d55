import DrillModel
import Foundation
import Testing

@testable import DrillEngines

/// Which files among those that another tool copied are an append-only log, and what they tell.
@Suite("An append-only log that another tool copied")
struct ForeignLogTests {
  private let engine = RedisEngine()

  private func write(_ bytes: [UInt8], _ path: String) throws {
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  private func stamp(_ seconds: Int) -> [UInt8] { Array("#TS:\(seconds)\r\n".utf8) }

  /// A snapshot without records, with the fields that a server writes first.
  private func snapshot(_ fields: [(String, String)]) -> [UInt8] {
    var bytes = Array("REDIS0010".utf8)
    for (name, value) in fields {
      bytes += [0xfa, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)] + Array(value.utf8)
    }
    return bytes + [0xff] + [UInt8](repeating: 0, count: 8)
  }

  private func names(_ artifact: ForeignArtifact?) -> [String]? {
    artifact?.files.map { ($0.path as NSString).lastPathComponent }
  }

  @Test(
    "is told by a command that a server writes, and not by a text that looks a little like one",
    arguments: [
      ("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n", true), ("#TS:1700000000\r\n*1\r\n$5\r\nMULTI\r\n", true),
      ("*3\r\n$3\r\nset\r\n$1\r\na\r\n$1\r\nb\r\n", true), ("*2\r\n$6\r\nNOSUCH\r\n$1\r\n0\r\n", false),
      ("* a list\n* of things\n", false), ("*1 item\r\n", false), ("*0\r\n", false), ("# a comment\n", false),
      ("#TS:1700000000\r\n", false), ("*3\r\n", false), ("", false), ("*99999999999999999999\r\n$3\r\nSET\r\n", false),
    ])
  func content(_ text: String, _ isLog: Bool) async throws {
    try await RedisFixture.withFolder { folder in
      try write(Array(text.utf8), folder + "/copy")
      let artifact = try engine.foreignArtifact(at: folder + "/copy")
      #expect((artifact?.files.first?.format == "aof") == isLog)
      #expect(artifact?.isByName != true)
      // A name alone is enough to be read, and then to be found damaged.
      try write(Array(text.utf8), folder + "/copy.aof")
      let named = try engine.foreignArtifact(at: folder + "/copy.aof")
      #expect(named?.files.first?.format == "aof" && named?.isByName == !isLog)
    }
  }

  @Test("that begins with a snapshot is told from a snapshot by what the snapshot says, however it is named")
  func preamble() async throws {
    try await RedisFixture.withFolder { folder in
      let tail = AOFLogs.encoded("SET", "a", "b")
      for field in ["aof-base", "aof-preamble"] {
        try write(
          snapshot([("redis-ver", "7.0.15"), ("ctime", "1700000000"), (field, "1")]) + tail, folder + "/log.backup")
        let log = try #require(try engine.foreignArtifact(at: folder + "/log.backup"))
        #expect(log.files[0].format == "aof" && log.writer == "7.0.15" && !log.isByName)
        // The snapshot's time is not that of the commands after it.
        #expect(log.cut == nil && log.position == nil)
        try write(snapshot([("redis-ver", "7.0.15"), ("ctime", "1700000000"), (field, "0")]), folder + "/plain")
        let plain = try #require(try engine.foreignArtifact(at: folder + "/plain"))
        #expect(plain.files[0].format == "rdb" && plain.cut?.value.millisecondsSince1970 == 1_700_000_000_000)
      }
    }
  }

  @Test("says when it ends by its last time stamp, and not by a value that holds one")
  func time() async throws {
    let value = "x\n#TS:1900000000\r\nx"
    let log =
      stamp(1_700_000_000) + AOFLogs.encoded("SET", "a", "1") + stamp(1_700_000_007)
      + AOFLogs.encoded("SET", "b", value)
    func cut(_ bytes: [UInt8], _ folder: String) throws -> Int64? {
      try write(bytes, folder + "/log.aof")
      return try engine.foreignArtifact(at: folder + "/log.aof")?.cut?.value.millisecondsSince1970
    }
    try await RedisFixture.withFolder { folder in
      #expect(try cut(log, folder) == 1_700_000_007_000)
      #expect(try cut(log + log.prefix(3), folder) == 1_700_000_007_000)
      #expect(
        try cut(log + AOFLogs.encoded("SET", "c", String(repeating: "y", count: 5000)), folder) == 1_700_000_007_000)
      #expect(try cut(snapshot([("aof-base", "1")]) + log, folder) == 1_700_000_007_000)
      #expect(try cut(AOFLogs.encoded("SET", "a", value), folder) == nil)
      #expect(try cut([], folder) == nil)
      // Of several files the last that holds something.
      try write(
        Array("file l.1.incr.aof seq 1 type i\nfile l.2.incr.aof seq 2 type i\n".utf8), folder + "/d/l.manifest")
      try write(log, folder + "/d/l.1.incr.aof")
      try write([], folder + "/d/l.2.incr.aof")
      let several = try engine.foreignArtifact(at: folder + "/d/l.manifest")
      #expect(several?.cut?.value.millisecondsSince1970 == 1_700_000_007_000)
      try write(AOFLogs.encoded("SET", "z", "1"), folder + "/d/l.2.incr.aof")
      #expect(try engine.foreignArtifact(at: folder + "/d/l.manifest")?.cut == nil)
    }
  }

  @Test("of several files is one artifact, whichever of its files is looked at; strangers are none of it")
  func several() async throws {
    try await RedisFixture.withFolder { folder in
      let place = folder + "/appendonlydir"
      let manifest =
        "file a.aof.2.base.rdb seq 2 type b\nfile a.aof.1.incr.aof seq 1 type h\nfile a.aof.2.incr.aof seq 2 type i\n"
      try write(Array(manifest.utf8), place + "/a.aof.manifest")
      try write(snapshot([("redis-ver", "7.0.15"), ("aof-base", "1")]), place + "/a.aof.2.base.rdb")
      for name in ["a.aof.1.incr.aof", "a.aof.2.incr.aof", "a.aof.9.incr.aof", "temp-rewriteaof-77.aof"] {
        try write(AOFLogs.encoded("SET", "k", "v"), "\(place)/\(name)")
      }
      try FileManager.default.createSymbolicLink(
        atPath: place + "/a.aof.8.incr.aof", withDestinationPath: place + "/a.aof.9.incr.aof")
      let log = try #require(try engine.foreignArtifact(at: place + "/a.aof.manifest"))
      #expect(
        names(log) == [
          "a.aof.manifest", "a.aof.2.base.rdb", "a.aof.1.incr.aof", "a.aof.2.incr.aof", "a.aof.9.incr.aof",
        ])
      #expect(log.files.map(\.format) == ["aof-manifest"] + [String](repeating: "aof-part", count: 4))
      #expect(log.writer == "7.0.15" && !log.isByName)
      for name in ["a.aof.2.base.rdb", "a.aof.9.incr.aof"] {
        #expect(try engine.foreignArtifact(at: "\(place)/\(name)") == log)
      }
      #expect(try names(engine.foreignArtifact(at: place + "/temp-rewriteaof-77.aof")) == ["temp-rewriteaof-77.aof"])
      #expect(try engine.foreignArtifact(at: place) == nil)

      try write(Array("nothing of the kind".utf8), place + "/a.aof.manifest")
      #expect(try engine.foreignArtifact(at: place + "/a.aof.manifest")?.isByName == true)
      try write(Array("nothing of the kind".utf8), place + "/app.manifest")
      #expect(try engine.foreignArtifact(at: place + "/app.manifest") == nil)

      try FileManager.default.removeItem(atPath: place + "/a.aof.manifest")
      let headless = try #require(try engine.foreignArtifact(at: place + "/a.aof.2.base.rdb"))
      #expect(headless.files.allSatisfy { $0.format == "aof-part" } && headless.files.count == 4)
    }
  }

  @Test(
    "beside a snapshot of the same server is one of two accounts",
    arguments: [
      ("d/dump.rdb", "d/appendonlydir/a.aof.manifest", true), ("d/x.rdb", "d/a.aof.manifest", true),
      ("d/dump.rdb", "d/appendonly.aof", true), ("d/a.rdb", "d/a.aof", true), ("d/a.rdb", "d/b.aof", false),
      ("a/dump.rdb", "b/appendonlydir/a.aof.manifest", false), ("a/dump.rdb", "b/appendonly.aof", false),
    ])
  func rivals(_ snapshot: String, _ log: String, _ areRivals: Bool) {
    func artifact(_ path: String, _ format: String) -> ForeignArtifact {
      ForeignArtifact(files: [.init(path: "/" + path, format: format)])
    }
    let artifacts = [
      artifact(log, log.hasSuffix("manifest") ? "aof-manifest" : "aof"), artifact(snapshot, "rdb"),
    ]
    #expect((engine.rivals(among: artifacts) != nil) == areRivals)
    #expect(engine.rivals(among: [artifacts[0]]) == nil && engine.rivals(among: [artifacts[1]]) == nil)
  }
}
