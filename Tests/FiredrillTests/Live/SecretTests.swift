import DrillEngines
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("A password")
struct SecretTests {
  private static let password = "correct-horse-battery-staple"

  /// A drill's whole life against a server with a password: captured, drilled against the live server, replayed.
  @Test("stands in no argument, log, ledger, report or file, from a file, the environment or a command")
  func nowhere() async throws {
    let password = Self.password
    try await TestBench.with { bench in
      let plan = LiveServers.Plan(
        lines: { port, _ in ["port \(port)", "requirepass \(password)"] },
        credentials: RedisCredentials(password: Secret(password)))
      try await LiveServers.with(plan, in: bench.folder) { server in
        try await LiveBench.fill([server], plan.credentials, isCluster: false)
        let secrets = bench.folder + "/secrets"
        try FileManager.default.createDirectory(atPath: secrets, withIntermediateDirectories: false)
        try bench.write("\(password)\n", to: "secrets/password")
        try bench.write("#!/bin/sh\ncat \"$1\"\n", to: "secrets/tell")
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: secrets + "/tell")
        let workload = TestBench.repositoryFile("workloads/mixed-ttl.yaml")
        func cluster(_ auth: String) throws {
          try bench.write(
            """
            cluster: shop
            engine: redis
            mode: standalone
            nodes: ["127.0.0.1:\(server.port)"]
            auth: {\(auth)}
            answers: {profile: \(workload), operations: 50, budget: 5s}

            """, to: "shop.yaml")
        }
        try bench.write(
          """
          drill: nightly
          cluster: shop.yaml
          catalog: catalog
          trust: seal.pub
          level: content
          reference: [captured, live]
          sandbox: {folder: work}

          """, to: "drill.yaml")
        try FileManager.default.createDirectory(atPath: bench.catalog, withIntermediateDirectories: true)
        let environment = ["SHOP_PASSWORD": password]
        var seen = Seen()
        func file(_ name: String) -> String { "\(bench.folder)/\(name)" }
        #expect(try await seen.run(["keygen", "--out", file("seal")], bench).status == 0)
        for auth in [
          "password_file: secrets/password", "password_env: SHOP_PASSWORD",
          "password_command: [secrets/tell, secrets/password]",
        ] {
          try cluster(auth)
          let captured = try await seen.run(
            ["capture", file("shop.yaml"), "--to", bench.catalog, "--key", file("seal")], bench, environment)
          #expect(captured.status == 0, "\(auth): \(captured.errors)")
          let run = try await seen.run(
            ["run", file("drill.yaml"), "--report", file("reports")], bench, environment)
          #expect(run.status == 0, "\(auth): \(run.output) \(run.errors)")
        }
        #expect(seen.commandLines.contains { $0.contains("redis-server") })
        #expect(!seen.commandLines.contains { $0.contains(password) })
        #expect(!seen.said.contains(password))
        let kept = try Self.files(below: bench.folder, but: [secrets, server.folder], holding: password)
        #expect(kept.looked > 10)
        #expect(kept.found == [])
        // The search would find it: it does where it is.
        #expect(try Self.files(below: secrets, but: [], holding: password).found.count == 1)
      }
    }
  }

  @Test("of a command that fails, hangs, says nothing or too much is not had, and what it said is not told")
  func commands() async throws {
    try await TestBench.with { bench in
      func read(_ script: String) throws -> Secret? {
        try bench.write("#!/bin/sh\n\(script)\n", to: "tell")
        try FileManager.default.setAttributes(
          [.posixPermissions: 0o700], ofItemAtPath: bench.folder + "/tell")
        try bench.write(
          "cluster: shop\nengine: redis\nnodes: [\"127.0.0.1:1\"]\nauth: {password_command: [./tell, a b]}\n",
          to: "shop.yaml")
        return try ClusterFile.read(path: bench.folder + "/shop.yaml").description.password
      }
      // No shell reads the arguments.
      #expect(try read(#"[ "$1" = "a b" ] && printf 'pw\n'"#)?.reveal() == "pw")
      #expect(try read("printf pw")?.reveal() == "pw")
      for script in ["printf 'hidden\\n'; exit 3", ":", "printf 'hidden\\nmore\\n'", "yes hidden", "kill -9 $$"] {
        let error = #expect(throws: DrillError.self) { _ = try read(script) }
        #expect(error?.code == .keyUnreadable, "\(script)")
        #expect(error?.detail.contains("hidden") == false, "\(script)")
      }
      try bench.write(
        "cluster: shop\nengine: redis\nnodes: [\"127.0.0.1:1\"]\nauth: {password_command: [./tell], password_env: A}\n",
        to: "shop.yaml")
      let both = #expect(throws: DrillError.self) { _ = try ClusterFile.read(path: bench.folder + "/shop.yaml") }
      #expect(both?.code == .badFile)
    }
  }

  @Test("is in memory that no crash writes to disk: the program and what it starts carry the limit")
  func cores() async throws {
    try await TestBench.with { bench in
      try bench.write("#!/bin/sh\nulimit -Hc > limit; ulimit -Sc >> limit; echo pw\n", to: "tell")
      try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: bench.folder + "/tell")
      try bench.write(
        "cluster: shop\nengine: redis\nmode: standalone\nnodes: [\"127.0.0.1:1\"]\nauth: {password_command: [./tell]}\n",
        to: "shop.yaml")
      _ = try FiredrillProgram.run(["topology", "discover", "shop.yaml"], in: bench.folder)
      let limit = try String(contentsOfFile: bench.folder + "/limit", encoding: .utf8)
      // Blocks of half a KiB, of which one byte is none.
      #expect(limit == "0\n0\n")
    }
  }

  /// What processes of ours were seen with, and what they said.
  private struct Seen {
    var commandLines: Set<String> = []
    var said = ""

    mutating func run(
      _ arguments: [String], _ bench: TestBench, _ environment: [String: String] = [:]
    ) async throws -> FiredrillProcess.Ending {
      let done = Flag()
      async let sampled = Self.sample(until: done)
      defer { done.raise() }
      let ended = try await FiredrillProcess.run(arguments, in: bench, environment: environment)
      done.raise()
      commandLines.formUnion(await sampled)
      said += ended.output + ended.errors
      return ended
    }

    @concurrent private static func sample(until done: Flag) async -> Set<String> {
      var lines: Set<String> = []
      while !done.isRaised {
        for entry in ProcessTable().descendants(of: getpid()) {
          guard let data = FileManager.default.contents(atPath: "/proc/\(entry.processID)/cmdline") else { continue }
          lines.insert(String(decoding: data.map { $0 == 0 ? 32 : $0 }, as: UTF8.self))
        }
        await Task.yield()
      }
      return lines
    }
  }

  private static func files(
    below folder: String, but left: [String], holding text: String
  ) throws -> (looked: Int, found: [String]) {
    var (looked, found) = (0, [String]())
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
      let path = "\(folder)/\(name)"
      guard !left.contains(where: { path.hasPrefix($0 + "/") }), let data = FileManager.default.contents(atPath: path)
      else { continue }
      looked += 1
      if data.firstRange(of: Data(text.utf8)) != nil { found.append(name) }
    }
    return (looked, found)
  }
}
