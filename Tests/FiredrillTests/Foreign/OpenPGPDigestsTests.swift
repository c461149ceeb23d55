import DrillEngines
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("Digests that are signed with OpenPGP")
struct OpenPGPDigestsTests {
  /// Two signers with a home of their own, whose agent is ended again.
  private func withSigners(_ bench: TestBench, _ body: () async throws -> Void) async throws {
    let home = bench.folder + "/g"
    try FileManager.default.createDirectory(
      atPath: home, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    func shell(_ command: String) throws {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-ec", "export GNUPGHOME='\(home)'; cd '\(bench.folder)'; \(command)"]
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else { throw TestBench.Failure(detail: command) }
    }
    defer { try? shell("gpgconf --kill all") }
    for name in ["ops", "stranger"] {
      try shell(
        "gpg --batch --passphrase '' --quick-gen-key \(name)@example.org ed25519 sign never && gpg --armor --export \(name)@example.org > \(name).asc"
      )
    }
    try shell("sqlite3 app.sqlite 'CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);'")
    try shell("sha256sum app.sqlite > SHA256SUMS && gpg --batch --armor -u ops@example.org --detach-sign SHA256SUMS")
    try await body()
  }

  private func seal(_ bench: TestBench, key: String) async throws -> FiredrillProcess.Ending {
    try await FiredrillProcess.run(
      [
        "seal", bench.folder + "/app.sqlite", "--cluster", "app", "--to", bench.catalog, "--key",
        bench.folder + "/seal",
        "--cut", "2026-01-31T04:00:00Z", "--digests", bench.folder + "/SHA256SUMS", "--digests-signature",
        bench.folder + "/SHA256SUMS.asc", "--digests-key", bench.folder + "/" + key,
      ], in: bench)
  }

  @Test("verify with the given key alone; another key's and a changed list's are findings")
  func signatures() async throws {
    guard SandboxTools.executable("gpg") != nil else {
      print("not tried: there is no gpg")
      return
    }
    try await TestBench.with { bench in
      _ = try Firedrill.keygen(out: bench.folder + "/seal")
      try await withSigners(bench) {
        let good = try await seal(bench, key: "ops.asc")
        #expect(good.status == 0 && good.output.contains("signed by OpenPGP key"), "\(good.errors)\(good.output)")
        let stranger = try await seal(bench, key: "stranger.asc")
        #expect(
          stranger.status == 1 && stranger.output.contains("signature-untrusted"),
          "\(stranger.errors)\(stranger.output)")
        let list = bench.folder + "/SHA256SUMS"
        try (String(contentsOfFile: list, encoding: .utf8) + "# changed\n").write(
          toFile: list, atomically: true, encoding: .utf8)
        let changed = try await seal(bench, key: "ops.asc")
        #expect(
          changed.status == 1 && changed.output.contains("signature-invalid"), "\(changed.errors)\(changed.output)")
        let noKey = try await seal(bench, key: "SHA256SUMS")
        #expect(noKey.status == 64, "\(noKey.errors)")
        #expect(!FileManager.default.fileExists(atPath: bench.folder + "/.gnupg"))
      }
    }
  }
}
