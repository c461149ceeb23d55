import DrillModel
import Foundation
import Testing

@testable import Firedrill

@Suite("Whether artifacts can be changed")
struct ImmutabilityTests {
  private func withBackup(_ body: (KeptBackups, [String]) async throws -> Void) async throws {
    try await KeptBackups.with { backups in
      try backups.addRedis(1, ["a": [0: [.init("k", "v")]], "b": [0: [.init("l", "w")]]])
      try await body(backups, ["a.rdb", "b.rdb", "manifest.dsse.json"].map { backups.path(1, $0) })
    }
  }

  private func check(_ backups: KeptBackups, before: [String] = []) async throws -> FiredrillProcess.Ending {
    try await FiredrillProcess.run(
      [
        "check", KeptBackups.id(1), "--catalog", backups.catalog, "--trust", backups.trusted, "--immutable", "--json",
      ], in: TestBench(folder: backups.folder))
  }

  private func codes(_ ending: FiredrillProcess.Ending, _ list: String) throws -> [String] {
    let run = try #require(try ending.json()["run"] as? [String: Any])
    return try #require(run[list] as? [[String: Any]]).compactMap { $0["code"] as? String }
  }

  /// Sets or takes away the immutable attribute; false where this file system or this user cannot.
  private func change(_ flag: String, _ paths: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["chattr", flag] + paths
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  @Test("plain files are artifact-mutable, one by one; without the demand nothing is asked")
  func mutable() async throws {
    try await withBackup { backups, paths in
      // A file system without attributes cannot say it: then it is inconclusive, and never a pass.
      let ending = try await check(backups)
      if case .unknown = FileImmutability.of(path: paths[0]) {
        #expect(ending.status == 2)
      } else {
        #expect(ending.status == 1)
        #expect(try codes(ending, "findings") == ["artifact-mutable", "artifact-mutable", "artifact-mutable"])
      }
      let plain = try await FiredrillProcess.run(
        ["check", KeptBackups.id(1), "--catalog", backups.catalog, "--trust", backups.trusted],
        in: TestBench(folder: backups.folder))
      #expect(plain.status == 0, "\(plain.output)\(plain.errors)")
    }
  }

  @Test("files with the immutable attribute pass; take it from one of them, and it is found")
  func attribute() async throws {
    try await withBackup { backups, paths in
      defer { _ = change("-i", paths) }
      guard change("+i", paths) else { return }
      let ending = try await check(backups)
      #expect(ending.status == 0, "\(ending.output)\(ending.errors)")
      let run = try #require(try ending.json()["run"] as? [String: Any])
      let coverage = try #require(run["coverage"] as? [[String: Any]])
        .first { ($0["of"] as? String)?.hasPrefix("immutability") == true }
      let amounts = try #require(coverage?["coverage"] as? [String: Any])
      #expect(amounts["examined"] as? Int == 3 && amounts["declared"] as? Int == 3)
      #expect(change("-i", [paths[1]]))
      let found = try await check(backups)
      #expect(found.status == 1)
      #expect(try codes(found, "findings") == ["artifact-mutable"])
      #expect(found.output.contains("b.rdb"))
    }
  }

  @Test("a catalog that is mounted read-only passes")
  func readOnlyMount() async throws {
    try await withBackup { backups, _ in
      // bubblewrap mounts it so for the command alone.
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments =
        [
          "bwrap", "--dev-bind", "/", "/", "--ro-bind", backups.catalog, backups.catalog,
          try FiredrillProcess.executable,
        ]
        + ["check", KeptBackups.id(1), "--catalog", backups.catalog, "--trust", backups.trusted, "--immutable", "-q"]
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
    }
  }

  @Test("what lies on a read-only mount cannot be changed; what is not there cannot be told")
  func mount() async throws {
    // The kernel's own view of itself is mounted read-only in every container, and is a file of this machine all the same.
    let mounts = try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8).split(separator: "\n")
      .map { $0.split(separator: " ") }
    let readOnly = mounts.first { $0.count > 3 && $0[3].split(separator: ",").contains("ro") }
    if let place = readOnly.map({ String($0[1]) }), FileManager.default.isReadableFile(atPath: place) {
      #expect(FileImmutability.of(path: place) == .fixed("its file system is mounted read-only here"))
    }
    guard case .unknown = FileImmutability.of(path: "/nowhere/at-all") else {
      Issue.record("a file that is not there was told")
      return
    }
  }

  // MARK: Object Lock

  /// A program in the place of `aws`, which answers by the object's name and notes what it was asked.
  private func withScriptedAWS(_ body: (ObjectLock, String) async throws -> Void) async throws {
    try await TestBench.with { bench in
      let script = """
        #!/bin/sh
        echo "$@" >> \(bench.folder)/asked
        object="$6"
        case "$2:$object" in
          *:p/shop/denied) echo 'An error occurred (AccessDenied) when calling the operation' >&2; exit 254;;
          get-object-retention:p/shop/compliance) echo '{"Retention": {"Mode": "COMPLIANCE", "RetainUntilDate": "2099-01-01T00:00:00+00:00"}}';;
          get-object-retention:p/shop/governance) echo '{"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": "2099-01-01T00:00:00.000Z"}}';;
          get-object-retention:p/shop/ended) echo '{"Retention": {"Mode": "COMPLIANCE", "RetainUntilDate": "2001-01-01T00:00:00+00:00"}}';;
          get-object-retention:p/shop/garbled) echo '{"Retention": 1}';;
          get-object-legal-hold:p/shop/held) echo '{"LegalHold": {"Status": "ON"}}';;
          get-object-legal-hold:p/shop/ended) echo '{"LegalHold": {"Status": "OFF"}}';;
          *:p/shop/bare) echo 'An error occurred (InvalidRequest) when calling the operation: Bucket is missing Object Lock Configuration' >&2; exit 254;;
          *) echo 'An error occurred (NoSuchObjectLockConfiguration) when calling the operation' >&2; exit 254;;
        esac
        """
      let program = try bench.write(script, to: "aws")
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
      let remote = try #require(try RcloneRemote("s3://bucket/p?endpoint=https://s3.example&region=eu-1"))
      let bucket = try #require(S3Bucket(remote))
      try await body(ObjectLock(bucket: bucket, program: program), bench.folder + "/asked")
    }
  }

  @Test("an object under retention or a legal hold is fixed, one under neither is not, and a refusal to say is neither")
  func objectLock() async throws {
    try await withScriptedAWS { lock, asked in
      func kind(_ object: String) async throws -> String {
        switch try await lock.state(of: "shop/\(object)") {
        case .fixed: "fixed"
        case .changeable: "changeable"
        case .unknown: "unknown"
        }
      }
      for (object, expected) in [
        ("compliance", "fixed"), ("governance", "fixed"), ("held", "fixed"), ("ended", "changeable"),
        ("none", "changeable"), ("bare", "changeable"), ("denied", "unknown"), ("garbled", "unknown"),
      ] { #expect(try await kind(object) == expected, "\(object)") }
      let first = try String(contentsOfFile: asked, encoding: .utf8).split(separator: "\n")[0]
      #expect(
        first
          == "s3api get-object-retention --bucket bucket --key p/shop/compliance --output json --endpoint-url https://s3.example --region eu-1"
      )
      var absent = lock
      absent.program = "/nowhere/aws"
      guard case .unknown = try await absent.state(of: "shop/compliance") else {
        Issue.record("a program that is not there was believed")
        return
      }
    }
  }
}
