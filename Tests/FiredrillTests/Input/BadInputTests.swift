import DrillEvidence
import DrillModel
import DrillProduction
import Firedrill
import Foundation
import Testing

@Suite("A drill that cannot look says why and", .capturedShop)
struct BadInputTests {
  @Test(
    "refuses a file that is not of the documented form, by file, line and column",
    arguments: [
      ("referense: captured", "drill.yaml:9:1", "'reference'"), ("signature: optinal", "drill.yaml:9:12", "'optional'"),
      ("objectives: {rto: quick}", "drill.yaml:9:19", "'rto'"), ("objectives: {rtoo: 1s}", "drill.yaml:9:14", "'rto'"),
      ("sandbox: [1]", "drill.yaml:8:10", "mapping"), ("seed: 7", "drill.yaml:", "'seed' stands here twice"),
      ("backup: {sample: {}}", "drill.yaml:9", "'count'"),
      ("backup: {id: other}\ncapture: {key: seal}", "drill.yaml:9", "leave out 'backup'"),
      ("reference: [captured, captured]", "drill.yaml:9", "different"), ("key: [", "drill.yaml", "YAML"),
      ("governance: {escalation: [ada]}", "drill.yaml:9:13", "'owner'"),
      ("governance: {owner: ada, deadlines: {hihg: 3d}}", "drill.yaml:9:38", "'high'"),
      ("governance: {owner: ada, deadlines: {high: 3}}", "drill.yaml:9:44", "7d"),
      ("governance: {owner: ada, deadlines: 0s}", "drill.yaml:9:37", "at least a second"),
      ("governance: {owner: ada, ownr: bob}", "drill.yaml:9:26", "'owner'"),
      ("self_test: {faults: 0}", "drill.yaml:9:21", "'faults'"),
      ("self_test: {}\nself_test: {}", "drill.yaml:", "twice"),
      ("self_test: false", "drill.yaml:9:12", "mapping"),
      ("governance: \" \"", "drill.yaml:9:13", "nobody"), ("governance: [ada]", "drill.yaml:9:13", "mapping"),
    ])
  func badFile(line: String, place: String, word: String) async throws {
    try await CapturedShop.withBench { bench in
      let drill = DrillBench.Drill(more: [line])
      let error = try await refusal { try await bench.run(drill) }
      #expect(error.code == .badFile, "\(error)")
      #expect(error.subject.hasPrefix(place), "\(error)")
      #expect(error.detail.contains(word), "\(error)")
      let result = try FiredrillProgram.run(["run", "drill.yaml"], in: bench.folder)
      #expect(result.status == 64 && result.errors.contains(error.subject), "\(result)")
      #expect(!FileManager.default.fileExists(atPath: bench.ledger), "nothing ran, and nothing is recorded")
    }
  }

  @Test(
    "refuses files and keys that are not there or cannot be read",
    arguments: [
      ("drill.yaml", DrillError.Code.badFile), ("shop.yaml", .badFile), ("documents.yaml", .badFile),
      ("seal.pub", .keyUnreadable),
    ])
  func missingFile(name: String, code: DrillError.Code) async throws {
    try await CapturedShop.withBench { bench in
      let path = try bench.write(.init())
      try FileManager.default.removeItem(atPath: "\(bench.folder)/\(name)")
      #expect(try await refusal { try await Firedrill.run(drill: path) }.code == code)
      #expect(try FiredrillProgram.run(["run", "drill.yaml"], in: bench.folder).status == 64)
      if name == "seal.pub" {
        try Data("no key".utf8).write(to: URL(fileURLWithPath: bench.folder + "/seal.pub"))
        #expect(try await refusal { try await Firedrill.run(drill: path) }.code == .keyUnreadable)
      }
    }
  }

  @Test("refuses a run that the ledger does not know")
  func noSuchRun() async throws {
    try await CapturedShop.withBench { bench in
      _ = try await bench.run()
      #expect(
        try await refusal { try await Firedrill.run(again: "nightly-x", ledger: bench.ledger) }.code == .noSuchRun)
      #expect(
        try FiredrillProgram.run(["run", "--again", "nightly-x", "--ledger", bench.ledger], in: bench.folder).status
          == 64)
    }
  }

  @Test("ends with 0, 1 or 2 as the verdict is")
  func statuses() async throws {
    try await CapturedShop.withBench { bench in
      try bench.write(.init())
      #expect(try FiredrillProgram.run(["run", "drill.yaml"], in: bench.folder).status == 0)
      try bench.write(.init(cluster: "shop-later.yaml", more: ["reference: live"]))
      #expect(try FiredrillProgram.run(["run", "drill.yaml"], in: bench.folder).status == 2)
      try FileManager.default.removeItem(atPath: bench.manifestPath)
      let failed = try FiredrillProgram.run(["run", "drill.yaml"], in: bench.folder)
      #expect(failed.status == 1 && failed.output.contains("manifest-unreadable"), "\(failed)")
    }
  }

  @Test(
    "gives the result that it cannot record",
    arguments: ["a file in the folder's place", "garbage in the ledger's place"])
  func unrecorded(how: String) async throws {
    try await CapturedShop.withBench { bench in
      let ledger = how.hasPrefix("a file") ? bench.folder + "/file/ledger.sqlite" : bench.folder + "/garbage"
      try Data(repeating: 7, count: 4096).write(
        to: URL(fileURLWithPath: bench.folder + (how.hasPrefix("a file") ? "/file" : "/garbage")))
      let path = try bench.write(.init())
      let outcome = try #require(try await Firedrill.run(drill: path, options: RunOptions(ledger: ledger)).first)
      expectClean(outcome.run)
      #expect(outcome.recordingProblem != nil)
      let result = try FiredrillProgram.run(["run", "drill.yaml", "--ledger", ledger], in: bench.folder)
      #expect(result.status == 2 && result.errors.contains("NOT recorded"), "\(result)")
    }
  }

  @Test("refuses a work folder within the live store's own, and touches nothing there")
  func sandboxIsLive() async throws {
    try await CapturedShop.withBench { bench in
      let work = bench.folder + "/work"
      try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
      let text = try String(contentsOfFile: bench.folder + "/shop.yaml", encoding: .utf8)
      try Data(text.replacingOccurrences(of: "path: live/shard-0.db", with: "path: work").utf8).write(
        to: URL(fileURLWithPath: bench.folder + "/own.yaml"))
      let drill = DrillBench.Drill(cluster: "own.yaml")
      #expect(try await refusal { try await bench.run(drill) }.code == .sandboxIsLive)
      #expect(try FiredrillProgram.run(["run", "drill.yaml"], in: bench.folder).status == 2)
      #expect(try FileManager.default.contentsOfDirectory(atPath: work).allSatisfy { !$0.hasPrefix("run-") })
      #expect(try bench.recorded().allSatisfy { $0.outcome != nil }, "no run was left open")
    }
  }

  private func refusal(
    _ body: () async throws -> some Any, location: SourceLocation = #_sourceLocation
  ) async throws -> DrillError {
    var thrown: (any Error)?
    do { _ = try await body() } catch { thrown = error }
    return try #require(thrown as? DrillError, "\(String(describing: thrown))", sourceLocation: location)
  }
}

@Suite("A drill of Redis that cannot look")
struct UnreachableTests {
  @Test(
    "is inconclusive, with its reason, without a server to restore to, and refuses to capture from what it cannot reach"
  )
  func server() async throws {
    try await TemporaryFolder.with { folder in
      let home = folder + "/shop"
      let shape = SyntheticRedisCluster.Shape(
        masters: 1, replicasPerMaster: 0, password: Secret("sesame"), syncDelaySeconds: 0)
      let backup = try await SyntheticRedisCluster.with(shape, name: "shop", below: folder) { server in
        try await server.fill(records: 50, seed: 1)
        try CapturedRedis.prepare(home, for: server)
        func capture(_ name: String, _ auth: String) async throws -> String {
          let text = try String(contentsOfFile: home + "/shop.yaml", encoding: .utf8) + auth
          try Data(text.utf8).write(to: URL(fileURLWithPath: "\(home)/\(name).yaml"))
          return try await Firedrill.capture(
            cluster: "\(home)/\(name).yaml", to: home + "/backups", key: home + "/seal"
          ).manifest.backup
        }
        try Data("sesame\n".utf8).write(to: URL(fileURLWithPath: home + "/right"))
        try Data("wrong\n".utf8).write(to: URL(fileURLWithPath: home + "/false"))
        await #expect { _ = try await capture("none", "") } throws: {
          ($0 as? DrillError)?.code == .authenticationFailed
        }
        await #expect { _ = try await capture("wrong", "auth: {password_file: false}\n") } throws: {
          ($0 as? DrillError)?.code == .authenticationFailed
        }
        await #expect { _ = try await capture("absent", "auth: {password_file: nowhere}\n") } throws: {
          ($0 as? DrillError)?.code == .keyUnreadable
        }
        #expect(try Catalog(root: home + "/backups").entries().isEmpty, "what failed leaves nothing behind")
        return try await capture("good", "auth: {password_file: right}\n")
      }
      let bench = DrillBench(folder: home, backup: backup)
      expectClean(try await bench.run(.init(cluster: "good.yaml")))

      let run = try await bench.run(
        .init(cluster: "good.yaml", level: .restored, more: ["sandbox: {folder: work, server: ./no-such-server}"]))
      expect(run, .inconclusive, obstacles: [.serverMissing])
      #expect(run.level == .decoded)
      let result = try FiredrillProgram.run(["run", "drill.yaml"], in: home)
      #expect(result.status == 2 && result.output.contains("server-missing"), "\(result)")

      // The cluster is gone by now: what was captured can still be drilled, and what is live cannot be told.
      let live = try await bench.run(
        .init(cluster: "good.yaml", level: .restored, more: ["reference: [captured, live]"]))
      expect(live, .inconclusive, obstacles: [.unreachable])
      #expect(live.level == .answers && live.findings.isEmpty && (live.answers?.equal ?? 0) > 0)
    }
  }
}
