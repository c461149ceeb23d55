import DrillModel
import Foundation
import Testing

/// The commands as a person types them: what they print, and the status that they end with.
@Suite struct CommandTests {
  private static let commands = [
    ["run"], ["capture"], ["check"], ["inspect"], ["diff"], ["fingerprint"], ["catalog", "list"], ["ledger", "list"],
    ["ledger", "show"], ["ledger", "verify"], ["ledger", "policy-changes"], ["ledger", "prune"], ["keygen"], ["doctor"],
    ["gate", "decide"], ["gate", "verify"], ["findings", "list"], ["findings", "show"], ["findings", "acknowledge"],
    ["findings", "note"], ["findings", "withdraw"], ["explain"], ["playbook"], ["locate"], ["report"], ["serve"],
    ["schedule", "render"], ["schedule", "declare"], ["schedule", "end"], ["schedule", "list"],
    ["evidence", "export"], ["evidence", "verify"], ["evidence", "sign-off"],
  ]

  @Test("every command's help has an example, and that of the program every exit status")
  func help() async throws {
    try await TestBench.with { bench in
      for command in Self.commands {
        let help = try await FiredrillProcess.run(command + ["--help"], in: bench)
        #expect(help.status == 0)
        #expect(help.output.contains("EXAMPLE\n  firedrill \(command.joined(separator: " "))"), "\(help.output)")
        for flag in ["--json", "--quiet"] { #expect(help.output.contains(flag), "\(command) takes no \(flag)") }
      }
      let whole = try await FiredrillProcess.run(["--help"], in: bench)
      // Help is broken into lines at 80 columns.
      let words = whole.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      for status in ExitStatus.allCases { #expect(words.contains("\(status.rawValue) \(status.meaning)")) }
    }
  }

  @Test(
    "wrong usage ends with 64 and says what would be right",
    arguments: [
      (["frobnicate"], "Unexpected argument 'frobnicate'"), (["run"], "Name drill files, or --again"),
      (["check", "x"], "--unsigned"), (["check", "nowhere", "--unsigned"], "there is no such folder"),
      (["diff", "a", "b"], "there is no such file, folder or backup"),
      (["fingerprint", "redis://user:secret@host"], "$FIREDRILL_PASSWORD"),
      (["fingerprint", "redis://host?claster=true"], "?cluster=true"), (["run", "nope.yaml"], "there is no such file"),
    ])
  func usage(_ arguments: [String], _ text: String) async throws {
    try await TestBench.with { bench in
      let ending = try await FiredrillProcess.run(arguments, in: bench)
      #expect(ending.status == ExitStatus.usage.rawValue)
      #expect(ending.errors.contains(text), "\(ending.errors)")
      #expect(ending.output.isEmpty)
      #expect(!ending.errors.contains("secret"))
    }
  }

  @Test(
    "a bad drill file ends with 64 and names file, line, column and the nearest word",
    arguments: [
      (
        "drill: d\nsede: 1\nproduction: {engine: sqlite}\n",
        "drill.yaml:2:1: the file has no field 'sede'; did you mean 'seed'?"
      ),
      ("drill: d\nseed: many\n", "drill.yaml:2:7: 'seed' must be a whole number"),
      (
        "drill: d\nlevel: anwsers\n",
        "drill.yaml:2:8: 'level' must be one of none, bytes, decoded, restored, content, answers; did you mean 'answers'?"
      ),
      (
        "drill: d\nproduction:\n  engine: sqlite\n  shard: 2\n",
        "drill.yaml:4:3: 'production' has no field 'shard'; did you mean 'shards'?"
      ), ("drill: [\n", "drill.yaml:2:1: not YAML"),
      ("drill: d\n", "a drill names either its 'cluster' (a file) or a synthetic 'production' to make"),
      ("drill: d\nseed: 1\nseed: 2\n", "drill.yaml:2:1: 'seed' stands here twice"),
    ])
  func badDrill(_ text: String, _ complaint: String) async throws {
    try await TestBench.with { bench in
      let drill = try bench.write(text, to: "drill.yaml")
      let ending = try await FiredrillProcess.run(["run", drill], in: bench)
      #expect(ending.status == ExitStatus.usage.rawValue)
      #expect(ending.errors.contains(complaint), "\(ending.errors)")
      #expect(ending.errors.contains("[bad-file]"))
    }
  }

  @Test(
    "keygen makes a private key that only its owner reads, and never overwrites one", arguments: ["ed25519", "p256"])
  func keygen(_ algorithm: String) async throws {
    try await TestBench.with { bench in
      let path = bench.folder + "/seal"
      let first = try await FiredrillProcess.run(
        ["keygen", "--out", path, "--algorithm", algorithm, "--json"], in: bench)
      #expect(first.status == 0)
      #expect(try Set(first.json().keys) == ["keyID", "privateKey", "publicKey"])
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(mode == 0o600)
      let key = try String(contentsOfFile: path, encoding: .utf8)
      let again = try await FiredrillProcess.run(["keygen", "--out", path], in: bench)
      #expect(again.status == 64)
      #expect(again.errors.contains("never overwritten"))
      #expect(try String(contentsOfFile: path, encoding: .utf8) == key)
    }
  }

  @Test("a sealed backup is listed, inspected and checked; damaged or signed by a stranger, it fails")
  func sealedBackup() async throws {
    try await TestBench.with { bench in
      let backup = try await SQLiteBackup.make(in: bench)
      let listed = try await FiredrillProcess.run(["catalog", "list", bench.catalog], in: bench)
      #expect(listed.status == 0 && listed.output.contains(backup.id))
      let inspected = try await FiredrillProcess.run(["inspect", backup.folder], in: bench)
      #expect(inspected.status == 0 && inspected.output.contains("only.sqlite"))
      let manifest = try await FiredrillProcess.run(["inspect", backup.folder, "--json"], in: bench)
      #expect(try manifest.json()["backup"] as? String == backup.id)

      let check = ["check", backup.id, "--catalog", bench.catalog, "--trust", backup.trusted]
      let sound = try await FiredrillProcess.run(check, in: bench)
      #expect(sound.status == 0, "\(sound.output)")
      #expect(sound.output.hasPrefix("PASS  level decoded"))
      #expect(!sound.output.contains("ledger show"), "a check is not recorded")
      let quiet = try await FiredrillProcess.run(check + ["--quiet"], in: bench)
      #expect(quiet.status == 0 && quiet.output.isEmpty && quiet.errors.isEmpty)
      let document = try await FiredrillProcess.run(check + ["--json"], in: bench).json()
      #expect(document["verdict"] as? String == "pass")
      #expect(
        Set(document.keys).isSuperset(of: ["claim", "exitStatus", "level", "notHigher", "restoreMs", "run", "verdict"]))

      #expect(try await FiredrillProcess.run(["keygen", "--out", bench.folder + "/other"], in: bench).status == 0)
      let stranger = try await FiredrillProcess.run(
        ["check", backup.folder, "--trust", bench.folder + "/other.pub"], in: bench)
      #expect(stranger.status == 1 && stranger.output.contains("signature-untrusted"), "\(stranger.output)")

      let path = backup.folder + "/only.sqlite"
      var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      bytes[bytes.count - 3] ^= 1
      try bytes.write(to: URL(fileURLWithPath: path))
      let damaged = try await FiredrillProcess.run(check + ["--quiet"], in: bench)
      #expect(damaged.status == 1)
      #expect(damaged.output.contains("checksum-mismatch"), "a failure is printed, quiet or not: \(damaged.output)")
    }
  }

  @Test("a run is listed, shown, verified and run again from the ledger")
  func recordedRun() async throws {
    try await TestBench.with { bench in
      let backup = try await SQLiteBackup.make(in: bench)
      let drill = try bench.write(
        """
        drill: nightly
        cluster: \(backup.cluster)
        catalog: \(bench.catalog)
        trust: \(backup.trusted)
        level: content
        """, to: "drill.yaml")
      let ran = try await FiredrillProcess.run(["run", drill, "--json"], in: bench)
      #expect(ran.status == 0, "\(ran.output)\(ran.errors)")
      let run = try #require(try ran.json()["run"] as? [String: Any])
      let id = try #require(run["id"] as? String)

      let listed = try await FiredrillProcess.run(["ledger", "list"], in: bench)
      #expect(listed.status == 0 && listed.output.contains(id))
      let shown = try await FiredrillProcess.run(["ledger", "show", id, "--json"], in: bench)
      #expect(try (shown.json()["run"] as? [String: Any])?["id"] as? String == id)
      let verified = try await FiredrillProcess.run(
        ["ledger", "verify", "--anchors", bench.catalog, "--json"], in: bench)
      #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
      #expect(try (verified.json()["problems"] as? [Any])?.isEmpty == true)
      let unknown = try await FiredrillProcess.run(["ledger", "show", "nope"], in: bench)
      #expect(unknown.status == ExitStatus.usage.rawValue && unknown.errors.contains("[no-such-run]"))

      let again = try await FiredrillProcess.run(["run", "--again", id, "--json"], in: bench)
      #expect(again.status == 0, "\(again.errors)")
      let other = try #require(try again.json()["run"] as? [String: Any])
      #expect(other["seed"] as? Int == run["seed"] as? Int)
      #expect(other["fingerprintRoot"] as? String == run["fingerprintRoot"] as? String)
    }
  }

  @Test("what cannot be recorded, or has no place to work, says so, and nothing is lost")
  func noPlace() async throws {
    try await TestBench.with { bench in
      let backup = try await SQLiteBackup.make(in: bench)
      let drill = try bench.write(
        "drill: d\ncluster: \(backup.cluster)\ncatalog: \(bench.catalog)\ntrust: \(backup.trusted)\nlevel: content\n",
        to: "drill.yaml")
      let file = try bench.write("a file, not a folder", to: "file")
      let unrecorded = try await FiredrillProcess.run(
        ["run", drill, "--quiet"], in: bench, environment: ["FIREDRILL_LEDGER": file + "/ledger.sqlite"])
      #expect(unrecorded.status == 2)
      #expect(unrecorded.output.hasPrefix("PASS  level content"), "the result is printed, quiet or not")
      #expect(unrecorded.errors.contains("NOT recorded") && unrecorded.errors.contains("[ledger-unwritable]"))

      let homeless = try await FiredrillProcess.run(
        ["run", drill], in: bench, environment: ["FIREDRILL_WORK": file + "/work"])
      #expect(homeless.status == 2)
      #expect(homeless.errors.contains("$FIREDRILL_WORK"), "\(homeless.errors)")
    }
  }

  @Test("a machine without redis-server is told what to install, and a drill there is inconclusive")
  func missingServer() async throws {
    try await TestBench.with { bench in
      let without = ["PATH": bench.folder]
      let doctor = try await FiredrillProcess.run(["doctor", "--json"], in: bench, environment: without)
      #expect(doctor.status == 2)
      let items = try #require(try doctor.json()["items"] as? [[String: Any]])
      let server = try #require(items.first { $0["name"] as? String == "redis-server" })
      #expect(server["isPresent"] as? Bool == false)
      #expect((server["remedy"] as? String)?.contains("apt-get install redis-server") == true)
      #expect(try await FiredrillProcess.run(["doctor"], in: bench).output.hasSuffix("ready\n"))

      let drill = try bench.write("drill: d\nproduction: {engine: redis, records: 10}\n", to: "drill.yaml")
      let ran = try await FiredrillProcess.run(["run", drill], in: bench, environment: without)
      #expect(ran.status == 2)
      // Wherever the lines are broken.
      let said = ran.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      #expect(said.contains("apt-get install redis-server") && said.contains("server-missing"), "\(said)")
      #expect(bench.leftovers.isEmpty)
    }
  }
}
