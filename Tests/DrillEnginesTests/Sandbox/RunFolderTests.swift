import DrillModel
import Foundation
import Testing

@testable import DrillEngines

@Suite("A run's folder")
struct RunFolderTests {
  @Test("is private, and is gone afterwards, however the run ends")
  func privateAndRemoved() async throws {
    struct Planned: Error {}
    try await RedisFixture.withFolder { root in
      let path = try await RunFolder.with(below: root) { folder in
        let mode = try FileManager.default.attributesOfItem(atPath: folder)[.posixPermissions] as? Int
        #expect(mode == 0o700)
        return folder
      }
      #expect(!FileManager.default.fileExists(atPath: path))
      await #expect(throws: Planned.self) { try await RunFolder.with(below: root) { _ in throw Planned() } }
      let found1 = try FileManager.default.contentsOfDirectory(atPath: root)
      #expect(found1 == [".lock"])
    }
  }

  @Test("of a dead run is swept with the processes in it; living runs' folders and strangers' are not touched")
  func sweep() async throws {
    try await RedisFixture.withFolder { root in
      let dead = "\(root)/run-dead00"
      let stranger = "\(root)/run-notes"
      for folder in [dead, stranger, "\(root)/data"] {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        try Data().write(to: URL(fileURLWithPath: "\(folder)/file"))
      }
      try Data().write(to: URL(fileURLWithPath: "\(dead)/lock"))
      try await ChildProcess.with(
        .init(
          executable: "/bin/sh", arguments: ["-c", "cd '\(dead)' && echo there && exec sleep 600"],
          environment: ["PATH": "/bin:/usr/bin"])
      ) { child in
        let isThere = await RedisFixture.eventually { child.lines.contains("there") }
        #expect(isThere)
        try await RunFolder.with(below: "\(root)") { living in
          let found2 = try SandboxSweep.sweep(below: root)
          #expect(found2 == [])
          #expect(FileManager.default.fileExists(atPath: living))
          #expect(!FileManager.default.fileExists(atPath: dead))
        }
        #expect(await child.waitForEnd() == .signalled(9))
      }
      let found3 = try FileManager.default.contentsOfDirectory(atPath: root).sorted()
      #expect(found3 == [".lock", "data", "run-notes"])
      let found4 = try SandboxSweep.sweep(below: root + "/none")
      #expect(found4 == [])
    }
  }
}
