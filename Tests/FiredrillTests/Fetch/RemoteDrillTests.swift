import DrillEngines
import DrillEvidence
import DrillModel
import Foundation
import Glibc
import Synchronization
import Testing

@testable import Firedrill

/// Tests that need rclone say that they were not tried where it is missing.
enum RcloneProgram {
  static var path: String? { SandboxTools.executable("rclone") }
}

extension Trait where Self == ConditionTrait {
  static var needsRclone: Self {
    .enabled("rclone is not installed: fetching was not tried") { RcloneProgram.path != nil }
  }
}

@Suite("A drill of a remote catalog", .capturedShop, .needsRclone)
struct RemoteDrillTests {
  /// A bench whose catalog is served over HTTP, and the lines of a drill of it.
  private func withServed<R: Sendable>(
    _ body: (DrillBench, FolderServer, DrillBench.Drill) async throws -> R
  ) async throws -> R {
    try await CapturedShop.withBench { bench in
      try Data().write(to: URL(fileURLWithPath: bench.folder + "/rclone.conf"))
      return try await FolderServer.with(bench.catalog) { server in
        let drill = DrillBench.Drill(
          catalog: server.url,
          more: ["rclone: {config: rclone.conf, timeout: 5s}", "cache: {folder: cache, size: 1GiB}"])
        return try await body(bench, server, drill)
      }
    }
  }

  private func dataBytes(_ bench: DrillBench) throws -> Int {
    try bench.dataArtifacts().reduce(0) { $0 + Int($1.sizeBytes) }
  }

  private func fetchTime(_ run: Run) throws -> Double {
    try #require(run.phases.first { $0.phase == .fetch }).elapsedMs
  }

  /// The one remote's part of the cache.
  private func home(_ bench: DrillBench) throws -> String {
    let names = try FileManager.default.contentsOfDirectory(atPath: bench.folder + "/cache").filter { $0 != "lock" }
    return "\(bench.folder)/cache/\(try #require(names.first))"
  }

  @Test("fetches it once, counts that in the restore time each time, and says when the bytes came")
  func fetchedOnce() async throws {
    try await withServed { bench, server, drill in
      let first = try await bench.run(drill)
      expectClean(first)
      #expect(try server.servedData == dataBytes(bench))
      #expect(first.restoreMs > (try fetchTime(first)))
      #expect(try fetchTime(first) > 0 && first.phases.contains { $0.phase == .locate })
      #expect(first.notes.contains { $0.contains("tree head is not anchored") }, "nothing can be written over http")

      server.forget()
      let second = try await bench.run(drill)
      expectClean(second)
      #expect(server.served.isEmpty, "nothing that is whole comes twice: \(server.served)")
      #expect(try fetchTime(second) == fetchTime(first))
      #expect(second.notes.contains { $0.contains("not again for this run") })
      #expect(second.fingerprintRoot == first.fingerprintRoot)

      // Storage rots without changing sizes and times.
      let third = try await bench.run(
        .init(catalog: drill.catalog, more: [drill.more[0], "cache: {folder: cache, size: 1GiB, max_age: 0s}"]))
      expectClean(third)
      #expect(try server.servedData == dataBytes(bench))
    }
  }

  @Test(
    "what nobody sealed is fetched by its folder: the newest where none is named, and found wanting where a file is cut off"
  )
  func unsealed() async throws {
    try await withServed { bench, server, drill in
      for (night, age) in [("monday", 86400.0), ("tuesday", 0)] {
        let folder = "\(bench.catalog)/\(night)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        for artifact in try bench.dataArtifacts() {
          let path = "\(folder)/\(artifact.name)"
          try FileManager.default.copyItem(atPath: bench.path(of: artifact), toPath: path)
          let time = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded() - age)
          try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
        }
      }
      func run(_ backup: String) async throws -> Run {
        try await bench.run(
          .init(catalog: drill.catalog, level: .restored, more: drill.more + ["backup: {unsealed: \(backup)}"]))
      }
      let latest = try await run("latest")
      expectClean(latest, at: .restored)
      #expect(latest.backups.map(\.backup) == ["tuesday"])
      #expect(
        latest.notes.contains { $0.contains("tuesday is the newest of 2 unsealed, by the times that the remote") })
      #expect(try fetchTime(latest) > 0 && latest.restoreMs > fetchTime(latest))
      #expect(try server.servedData == dataBytes(bench))

      let named = try await run("monday")
      expectClean(named, at: .restored)
      #expect(named.backups.map(\.backup) == ["monday"] && named.fingerprintRoot == latest.fingerprintRoot)

      let artifact = try bench.dataArtifacts()[0]
      let bytes = try Data(contentsOf: URL(fileURLWithPath: bench.path(of: artifact)))
      try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: "\(bench.catalog)/monday/\(artifact.name)"))
      let cut = try await run("monday")
      #expect(cut.verdict == .fail && cut.firstFailingStage == .decode)

      let nowhere = try await run("sunday")
      #expect(nowhere.findings.map(\.code) == [.backupMissing])
      let nested = try await run("a/b")
      #expect(nested.verdict == .inconclusive && nested.obstacles.map(\.code) == [.usage])
    }
  }

  @Test("finds an object that is not what was sealed")
  func corrupted() async throws {
    try await withServed { bench, server, drill in
      let artifact = try bench.dataArtifacts()[0]
      var bytes = try Data(contentsOf: URL(fileURLWithPath: bench.path(of: artifact)))
      bytes[bytes.count / 2] ^= 1
      try bytes.write(to: URL(fileURLWithPath: bench.path(of: artifact)))
      let run = try await bench.run(drill)
      #expect(run.verdict == .fail && run.firstFailingStage == .integrity, "what is decoded of it may be wrong as well")
      #expect(run.findings(.checksumMismatch).map(\.subject.artifact) == [artifact.name])
    }
  }

  @Test("what the cache spoilt is fetched again, and is no finding of the backup")
  func spoiltCache() async throws {
    try await withServed { bench, server, drill in
      expectClean(try await bench.run(drill))
      let artifact = try bench.dataArtifacts()[0]
      let cached = "\(try home(bench))/catalog/\(bench.backup)/\(artifact.name)"
      var bytes = try Data(contentsOf: URL(fileURLWithPath: cached))
      bytes[bytes.count / 2] ^= 1
      try bytes.write(to: URL(fileURLWithPath: cached))
      server.forget()
      expectClean(try await bench.run(drill))
      #expect(server.served == ["\(bench.backup)/\(artifact.name)": Int(artifact.sizeBytes)])
    }
  }

  @Test("an object that is not listed is missing; one that goes away after it was listed could not be looked at")
  func vanished() async throws {
    try await withServed { bench, server, drill in
      let artifact = try bench.dataArtifacts()[0]
      server.treat { !$0.isHead && $0.path.hasSuffix(artifact.name) ? .status(404) : .asIs }
      let run = try await bench.run(drill)
      expect(run, .inconclusive, obstacles: [.fetchFailed])
      let coverage = try #require(run.coverage.first { $0.of == "artifacts" }).coverage
      #expect(coverage.skipped == [.artifactUnavailable: artifact.sizeBytes], "the others were looked at")

      server.treat { _ in .asIs }
      try FileManager.default.removeItem(atPath: bench.path(of: artifact))
      let later = try await bench.run(drill)
      #expect(later.verdict == .fail && later.findings(.artifactMissing).map(\.subject.artifact) == [artifact.name])
    }
  }

  @Test("an object that changes while it is fetched is nobody's backup, and no finding")
  func changed() async throws {
    try await withServed { bench, server, drill in
      let artifact = try bench.dataArtifacts()[0]
      let path = bench.path(of: artifact)
      server.treat { request in
        if !request.isHead, request.path.hasSuffix(artifact.name) {
          // Another backup's bytes, a day younger.
          var bytes = FileManager.default.contents(atPath: path) ?? Data()
          bytes[100] ^= 1
          try? bytes.write(to: URL(fileURLWithPath: path))
          try? FileManager.default.setAttributes([.modificationDate: Date() + 86_400], ofItemAtPath: path)
        }
        return .asIs
      }
      let run = try await bench.run(drill)
      expect(run, .inconclusive, obstacles: [.fetchFailed])
      #expect(run.obstacles.contains { $0.detail.contains("changed or went away while it was fetched") })
    }
  }

  @Test("a connection that breaks is gone on from where it broke")
  func broken() async throws {
    try await withServed { bench, server, drill in
      // Begun anew each time, a file would be cut off each time, and never come whole.
      let cuts = Mutex(0)
      server.treat {
        guard !$0.isHead, $0.path.hasSuffix(".sqlite"), $0.offset < 100_000 else { return .asIs }
        cuts.withLock { $0 += 1 }
        return .cut(after: 60_000)
      }
      expectClean(try await bench.run(drill))
      let (more, lost) = (try server.servedData - dataBytes(bench), cuts.withLock { $0 } * 60_000)
      #expect(more >= 0 && more <= lost, "no more came twice than was on its way when it was cut: \(more) of \(lost)")
    }
  }

  @Test(
    "killed while bytes come, it goes on from there the next time, and no rclone outlives it",
    arguments: [SIGKILL, SIGTERM])
  func killed(by signal: Int32) async throws {
    try await withServed { bench, server, drill in
      let path = try bench.write(drill)
      let large = try #require(try bench.dataArtifacts().max { $0.sizeBytes < $1.sizeBytes })
      server.treat { !$0.isHead && $0.path.hasSuffix(large.name) ? .silence(after: Int(large.sizeBytes / 2)) : .asIs }
      let other = TestBench(folder: bench.folder)
      let process = try FiredrillProcess.start(["run", path], in: other)
      let deadline = ContinuousClock.now + .seconds(120)
      while try server.servedData < dataBytes(bench) - Int(large.sizeBytes - large.sizeBytes / 2), .now < deadline {
        try await Task.sleep(for: .milliseconds(5))
      }
      // Until some of it is in the cache, and all others are in place: what is partial then is of this one alone.
      let home = try home(bench)
      let partials = "\(home)/partial/\(bench.backup)"
      let others = try bench.manifest().artifacts.map(\.name).filter { $0 != large.name }
      func isInPlace(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(home)/catalog/\(bench.backup)/\(name)")
      }
      while FolderSize.of(partials) == 0 || !others.allSatisfy(isInPlace), .now < deadline {
        try await Task.sleep(for: .milliseconds(5))
      }
      let children = ProcessTable().descendants(of: process.processID)
      #expect(children.contains { $0.name == "rclone" })
      process.send(signal)
      let ending = try await process.waitForEnd()
      #expect(ending.status == (signal == SIGKILL ? nil : 2), "\(ending.errors)")
      while !children.filter(ProcessTable().entries.contains).isEmpty, .now < deadline {
        try await Task.sleep(for: .milliseconds(5))
      }
      #expect(children.filter(ProcessTable().entries.contains).isEmpty)

      let kept = FolderSize.of(partials)
      #expect(kept > 0)
      server.treat { _ in .asIs }
      server.forget()
      let run = try await bench.run(drill)
      expectClean(run)
      #expect(
        server.served["\(bench.backup)/\(large.name)"].map { UInt64($0) + kept } == large.sizeBytes,
        "\(server.served), \(kept) kept")
      #expect(run.notes.contains { $0.contains("went on from") })
    }
  }

  @Test("a remote that refuses, hangs or is not there says so, and makes the run inconclusive")
  func unreachable() async throws {
    try await withServed { bench, server, drill in
      server.treat { $0.path.hasSuffix(".json") ? .status(403) : .asIs }
      expect(try await bench.run(drill), .inconclusive, obstacles: [.authenticationFailed])
      server.treat { _ in .silence(after: 0) }
      var hanging = drill
      hanging.more[0] = "rclone: {config: rclone.conf, timeout: 1s}"
      server.treat { $0.isHead ? .asIs : $0.path.hasSuffix(".sqlite") ? .silence(after: 10) : .asIs }
      expect(try await bench.run(hanging), .inconclusive, obstacles: [.timedOut])
      server.treat { _ in .asIs }
      var away = drill
      away.catalog = "http://127.0.0.1:1"
      expect(try await bench.run(away), .inconclusive, obstacles: [.unreachable])
      away.catalog = "rclone:nowhere:shop"
      expect(try await bench.run(away), .inconclusive, obstacles: [.fetchFailed])
      away.catalog = server.url + "/no/such/folder"
      expect(try await bench.run(away), .inconclusive, obstacles: [.fetchFailed])
    }
  }

  @Test("without rclone, or with one that is too old, it says what to install")
  func missing() async throws {
    try await withServed { bench, _, drill in
      let old = bench.folder + "/rclone-old"
      try Data("#!/bin/sh\necho rclone v1.45\n".utf8).write(to: URL(fileURLWithPath: old))
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: old)
      for program in ["/nowhere/rclone", "./rclone-old", "/bin/true"] {
        var drill = drill
        drill.more[0] = "rclone: {program: \(program)}"
        let run = try await bench.run(drill)
        expect(run, .inconclusive, obstacles: [.rcloneMissing])
        if program != "/bin/true" { #expect(run.obstacles[0].detail.contains("apt-get install rclone")) }
      }
    }
  }

  @Test("a backup that does not fit into the cache is refused before anything comes, saying by how much")
  func tooLarge() async throws {
    try await withServed { bench, server, drill in
      var small = drill
      small.more[1] = "cache: {folder: cache, size: 1KiB}"
      let run = try await bench.run(small)
      expect(run, .inconclusive, obstacles: [.cacheFull])
      let bytes = try bench.manifest().artifacts.reduce(0) { $0 + Int($1.sizeBytes) }
      #expect(run.obstacles[0].detail.contains("\(bytes - 1024) too few"), "\(run.obstacles)")
      #expect(server.servedData == 0)
    }
  }

  @Test("what was used longest ago leaves the cache first, and never what somebody uses")
  func evicted() async throws {
    try await withServed { bench, server, drill in
      // Two more catalogs with the same backup: as large, and other entries of the cache.
      expectClean(try await bench.run(drill))
      let size = try bench.manifest().artifacts.reduce(0) { $0 + Int($1.sizeBytes) }
      func copied(to place: String) throws -> DrillBench.Drill {
        try FileManager.default.copyItem(atPath: bench.catalog, toPath: "\(bench.folder)/\(place)")
        return .init(
          catalog: "rclone::local:\(bench.folder)/\(place)",
          more: [drill.more[0], "cache: {folder: cache, size: \(size * 2 + 100)}"])
      }
      func kept() throws -> Set<String> {
        let homes = try FileManager.default.contentsOfDirectory(atPath: bench.folder + "/cache")
        return Set(
          homes.filter {
            FileManager.default.fileExists(atPath: "\(bench.folder)/cache/\($0)/state/\(bench.backup).json")
          })
      }
      let first = try #require(try kept().first)
      expectClean(try await bench.run(try copied(to: "second")))
      let second = try #require(try kept().subtracting([first]).first)
      let third = try await bench.run(try copied(to: "third"))
      expectClean(third)
      #expect(third.notes.contains { $0.contains("evicted from the cache") })
      #expect(try kept().count == 2 && !kept().contains(first), "the oldest went")
      #expect(FolderSize.of("\(bench.folder)/cache/\(first)/catalog/\(bench.backup)") == 0)

      let lock = try #require(try FileLock.tried("\(bench.folder)/cache/\(second)/locks/\(bench.backup)", .shared))
      let fourth = try await bench.run(try copied(to: "fourth"))
      expectClean(fourth)
      #expect(try kept().contains(second), "it is older than the third, and in use")
      withExtendedLifetime(lock) {}
    }
  }

  @Test("no more than the manifests come to list, inspect and locate; check fetches the backup")
  func commands() async throws {
    try await withServed { bench, server, _ in
      let other = TestBench(folder: bench.folder)
      let environment = ["FIREDRILL_CACHE": bench.folder + "/cache", "RCLONE_CONFIG": bench.folder + "/rclone.conf"]
      func firedrill(_ words: String...) async throws -> FiredrillProcess.Ending {
        try await FiredrillProcess.run(words, in: other, environment: environment)
      }
      let listed = try await firedrill("catalog", "list", server.url)
      #expect(listed.status == 0 && listed.output.contains(bench.backup), "\(listed)")
      for words in [["inspect", "\(server.url)/\(bench.backup)"], ["inspect", bench.backup, "--catalog", server.url]] {
        let inspected = try await FiredrillProcess.run(words, in: other, environment: environment)
        #expect(inspected.status == 0 && inspected.output.contains("artifacts"), "\(inspected)")
      }
      #expect(server.servedData == 0)
      let checked = try await firedrill(
        "check", bench.backup, "--catalog", server.url, "--trust", bench.folder + "/seal.pub")
      #expect(checked.status == 0 && checked.output.contains("PASS  level decoded"), "\(checked)")
      #expect(try server.servedData == dataBytes(bench))
      let located = try await firedrill("locate", "1", server.url)
      #expect(located.status == 0 && located.output.contains(bench.backup), "\(located)")
      #expect(try server.servedData == dataBytes(bench), "what is in the cache does not come again")
    }
  }

  @Test(
    "over sftp and webdav it passes, and the tree head is left beside the backups", arguments: ["sftp", "webdav"])
  func served(over kind: String) async throws {
    try await CapturedShop.withBench { bench in
      try await RcloneServer.with(kind, bench.catalog, home: bench.folder) { server in
        try Data(server.configuration.utf8).write(to: URL(fileURLWithPath: bench.folder + "/rclone.conf"))
        let drill = DrillBench.Drill(
          catalog: "rclone:there", more: ["rclone: {config: rclone.conf}", "cache: {folder: cache, size: 1GiB}"])
        let run = try await bench.run(drill)
        expectClean(run)
        let verified = try Firedrill.verifyLedger(at: bench.ledger, anchors: [bench.catalog])
        #expect(verified.isSound && verified.anchors.count == 1, "\(verified)")
        // A wrong password is refused by the server itself.
        try Data(server.refusedConfiguration.utf8).write(to: URL(fileURLWithPath: bench.folder + "/rclone.conf"))
        expect(try await bench.run(drill), .inconclusive, obstacles: [.authenticationFailed])
      }
    }
  }

  @Test(
    "a drill file that cannot mean what it says is refused",
    arguments: [
      ("catalog: s3://b/c\ncapture: {key: seal}", "captured into a folder"),
      ("catalog: /backups\ncache: {size: 1GiB}", "only a remote one"),
      ("catalog: /backups\nrclone: {config: x}", "only a remote one"),
      ("catalog: s3://b/c\ncache: {size: large}", "'size'"), ("catalog: s3://b/c\ncache: {sise: 1GiB}", "'size'"),
      ("catalog: s3://b/c\nrclone: {timeot: 1s}", "'timeout'"), ("catalog: shop:backups", "rclone:shop:backups"),
      ("catalog: sftp://ada:pw@host/x", "secret"),
    ])
  func refused(lines: String, word: String) async throws {
    try await CapturedShop.withBench { bench in
      let path = bench.folder + "/drill.yaml"
      try Data("drill: nightly\ncluster: shop.yaml\ntrust: seal.pub\n\(lines)\n".utf8).write(
        to: URL(fileURLWithPath: path))
      let error = try #require(throws: DrillError.self) { try DrillFile.read(path: path) }
      #expect(
        error.code == .badFile && error.subject.hasPrefix("drill.yaml:") && error.detail.contains(word), "\(error)")
    }
  }
}
