import DrillModel
import Foundation
import Glibc
import Testing

/// Where plain bytes and secrets are to be found while a drill runs, and after it.
@Suite struct PlaintextTests {
  private static let canary = "canary-7f3a91c25d"

  /// An SQLite store with the canary in each row, captured into an encrypted catalog, and a drill of it.
  private struct Shop {
    var drill: String
    /// The line of the age identity.
    var secret: String
    /// Where it is put, the innermost filter's output ends.
    var gate: String
  }

  private func shop(in bench: TestBench, encode: [String], identity: String, recipient: String) async throws -> Shop {
    let keys = TestKeys(folder: bench.folder)
    let rows = (0..<50).map { "INSERT INTO item VALUES (\($0), '\(Self.canary) \($0)');" }.joined()
    try await keys.run(
      "sqlite3", [bench.folder + "/app.sqlite", "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT);" + rows])
    try FileManager.default.createDirectory(atPath: bench.folder + "/tmp", withIntermediateDirectories: false)
    let cluster = try bench.write(
      """
      cluster: shop
      engine: sqlite
      files: [{shard: only, path: app.sqlite}]
      capture: {cut: coherent, encode: [\(encode.joined(separator: ", "))], recipients: [\(recipient)], filters: {gate: {encode: [cat]}}}

      """, to: "cluster.yaml")
    let gate = bench.folder + "/open"
    let seal = bench.folder + "/seal"
    #expect(try await FiredrillProcess.run(["keygen", "--out", seal], in: bench).status == 0)
    let captured = try await FiredrillProcess.run(
      ["capture", cluster, "--to", bench.catalog, "--key", seal], in: bench, environment: temporary(bench))
    #expect(captured.status == 0, "\(captured.errors)")
    let drill = try bench.write(
      """
      drill: sealed
      cluster: cluster.yaml
      catalog: catalog
      trust: seal.pub
      level: content
      keys:
        identities: [\(identity)]
        filters: {gate: {decode: [sh, -c, 'cat; until [ -e "$0" ]; do sleep 0.01; done', \(gate)]}}

      """, to: "drill.yaml")
    let text = try String(contentsOfFile: "\(bench.folder)/\(identity)", encoding: .utf8)
    let secret = text.split(separator: "\n").first { $0.hasPrefix("AGE-SECRET-KEY") || $0.count == 64 }
    return Shop(drill: drill, secret: String(try #require(secret)), gate: gate)
  }

  private func temporary(_ bench: TestBench) -> [String: String] { ["TMPDIR": bench.folder + "/tmp"] }

  /// Files below the bench that hold `text`, by their path there.
  private func holding(_ text: String, in bench: TestBench) -> [String] {
    let wanted = Data(text.utf8)
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: bench.folder)) ?? []
    return names.sorted().filter { name in
      (try? Data(contentsOf: URL(fileURLWithPath: "\(bench.folder)/\(name)"), options: .alwaysMapped))?.range(
        of: wanted) != nil
    }
  }

  private func wait(_ what: String, until isSo: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while !isSo() {
      guard .now < deadline else { throw TestBench.Failure(detail: "it never came to this: \(what)") }
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  @Test(
    "an encrypted drill leaves no plain byte outside its private folder, none at all afterwards, and no secret in arguments, environments, logs or ledger"
  )
  func canary() async throws {
    try await TestBench.with { bench in
      let recipient = try await TestKeys(folder: bench.folder).age("recovery")
      let shop = try await shop(
        in: bench, encode: ["zstd", "age", "gate"], identity: "recovery.age", recipient: recipient)
      // The live store alone holds it: neither the catalog nor what the capture worked in.
      #expect(holding(Self.canary, in: bench) == ["app.sqlite"])

      let process = try FiredrillProcess.start(["run", shop.drill], in: bench, environment: temporary(bench))
      var seen: [ProcessTable.Entry] = []
      try await wait("a filter with a key") {
        seen = ProcessTable().descendants(of: process.processID)
        return seen.contains { $0.name == "age" }
      }
      for id in seen.map(\.processID) + [process.processID] {
        for place in ["cmdline", "environ"] {
          let text = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(id)/\(place)"))) ?? Data()
          #expect(text.range(of: Data(shop.secret.utf8)) == nil, "\(place) of \(id)")
        }
      }
      try Data().write(to: URL(fileURLWithPath: shop.gate))
      try await process.waitUntilItSays("fingerprint: ")
      process.send(SIGSTOP)
      let during = holding(Self.canary, in: bench)
      #expect(during.contains { $0.hasPrefix("work/run-") }, "it was looked for where it has to be")
      #expect(during.allSatisfy { $0 == "app.sqlite" || $0.hasPrefix("work/run-") }, "\(during)")
      for name in Set(
        during.filter { $0.hasPrefix("work/") }.map { $0.split(separator: "/").prefix(2).joined(separator: "/") })
      {
        var status = stat()
        #expect(stat("\(bench.folder)/\(name)", &status) == 0 && status.st_mode & 0o777 == 0o700)
      }
      process.send(SIGCONT)
      let ending = try await process.waitForEnd()
      #expect(ending.status == 0, "\(ending.output)\(ending.errors)")
      #expect(holding(Self.canary, in: bench) == ["app.sqlite"])
      #expect(holding(shop.secret, in: bench) == ["recovery.age"])
      #expect(bench.leftovers.isEmpty)
    }
  }

  @Test("with the key withheld nothing plain is ever written")
  func withheld() async throws {
    try await TestBench.with { bench in
      let keys = TestKeys(folder: bench.folder)
      let recipient = try await keys.age("recovery")
      let shop = try await shop(in: bench, encode: ["zstd", "age"], identity: "recovery.age", recipient: recipient)
      try FileManager.default.removeItem(atPath: bench.folder + "/recovery.age")
      let run = try await FiredrillProcess.run(["run", shop.drill, "--json"], in: bench, environment: temporary(bench))
      #expect(run.status == 1, "\(run.errors)")
      #expect(run.output.contains("key-missing"))
      #expect(holding(Self.canary, in: bench) == ["app.sqlite"])
    }
  }

  @Test("asked to stop while it decrypts, it ends its filters and leaves nothing plain by itself")
  func interrupted() async throws {
    try await TestBench.with { bench in
      let recipient = try await TestKeys(folder: bench.folder).age("recovery")
      let shop = try await shop(in: bench, encode: ["age", "gate"], identity: "recovery.age", recipient: recipient)
      let process = try FiredrillProcess.start(["run", shop.drill], in: bench, environment: temporary(bench))
      var seen: [ProcessTable.Entry] = []
      try await wait("a filter with a key") {
        seen = ProcessTable().descendants(of: process.processID)
        return seen.contains { $0.name == "age" }
      }
      process.send(SIGINT)
      let ending = try await process.waitForEnd()
      #expect(ending.status == 2, "\(ending.errors)")
      #expect(seen.filter(ProcessTable().entries.contains).isEmpty)
      #expect(bench.leftovers.isEmpty)
      #expect(holding(Self.canary, in: bench) == ["app.sqlite"])
    }
  }

  @Test("killed while it decrypts, it leaves no agent, no filter and no plain byte after the next start")
  func killed() async throws {
    try await TestBench.with { bench in
      let keys = TestKeys(folder: bench.folder)
      try await keys.gpg("recovery")
      let shop = try await shop(
        in: bench, encode: ["gpg", "gate"], identity: "recovery.asc", recipient: "recovery.pub.asc")
      let process = try FiredrillProcess.start(["run", shop.drill], in: bench, environment: temporary(bench))
      var seen: [ProcessTable.Entry] = []
      try await wait("a filter with a key") {
        seen = ProcessTable().descendants(of: process.processID)
        return seen.contains {
          $0.name == "gpg"
            && (try? String(contentsOfFile: "/proc/\($0.processID)/cmdline", encoding: .utf8))?.contains("--decrypt")
              == true
        }
      }
      process.send(SIGKILL)
      #expect(try await process.waitForEnd().status == nil)
      try Data().write(to: URL(fileURLWithPath: shop.gate))
      let next = try await FiredrillProcess.run(["run", shop.drill], in: bench, environment: temporary(bench))
      #expect(next.status == 0, "\(next.output)\(next.errors)")
      #expect(next.errors.contains("removed what 1 interrupted run had left"))
      try await wait("no filter is left") { seen.filter(ProcessTable().entries.contains).isEmpty }
      try await wait("no agent is left") { ProcessTable().working(in: bench.work).isEmpty }
      #expect(bench.leftovers.isEmpty)
      #expect(holding(Self.canary, in: bench) == ["app.sqlite"])
    }
  }
}
