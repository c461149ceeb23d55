import DrillModel
import Foundation
import Testing

@testable import DrillEngines

@Suite("Live stores and sandboxes")
struct LiveGuardTests {
  @Test("are kept apart: by place, by link and by being the same file")
  func apart() async throws {
    try await RedisFixture.withFolder { root in
      let live = "\(root)/live"
      let work = "\(root)/work"
      for folder in [live, work] {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
      }
      let database = "\(live)/app.sqlite"
      try Data("x".utf8).write(to: URL(fileURLWithPath: database))
      try FileManager.default.linkItem(atPath: database, toPath: "\(root)/hard")
      try FileManager.default.createSymbolicLink(atPath: "\(root)/soft", withDestinationPath: work)
      try FileManager.default.copyItem(atPath: database, toPath: "\(root)/copy")
      func refused(_ cluster: ClusterDescription, _ folder: String, _ files: [String] = []) -> Bool {
        do {
          try LiveGuard.check(
            cluster, folder: folder, files: files.map { ArtifactFile(shard: "a", format: "sqlite", path: $0) })
          return false
        } catch {
          return (error as? DrillError)?.code == .sandboxIsLive
        }
      }
      let sqlite = ClusterDescription(
        name: "c", engine: "sqlite", files: [.init(name: "a", path: database, slots: nil)])
      #expect(!refused(sqlite, work, ["\(root)/copy"]))
      #expect(refused(sqlite, live))
      #expect(refused(sqlite, root))
      #expect(refused(sqlite, work, [database]))
      #expect(refused(sqlite, work, ["\(root)/hard"]))
      let redis = ClusterDescription(
        name: "c", engine: "redis", endpoints: [.unix(path: "\(work)/s"), .tcp(host: "127.0.0.1", port: 1)])
      #expect(refused(redis, work))
      #expect(refused(redis, "\(root)/soft"))
      #expect(!refused(redis, live))
    }
  }
}
