import DrillEngines
import Foundation
import Testing

/// Keys of the tools that encrypt, made by the tools themselves in a test's folder.
///
/// ```
/// <folder>/NAME.age, NAME.age.pub     an age identity and its recipient
/// <folder>/NAME.asc, NAME.pub.asc     an OpenPGP secret key and its public half
/// <folder>/NAME.pem, NAME.crt         a private key with its certificate, and the certificate alone
/// ```
struct TestKeys: Sendable {
  struct Failure: Error { var detail: String }

  let folder: String

  /// The age recipient of a new identity.
  @discardableResult
  func age(_ name: String) async throws -> String {
    let path = "\(folder)/\(name).age"
    _ = try await run("age-keygen", ["-o", path])
    let recipient = try #require(try await run("age-keygen", ["-y", path]).first)
    try Data((recipient + "\n").utf8).write(to: URL(fileURLWithPath: path + ".pub"))
    return recipient
  }

  /// The fingerprint of a new OpenPGP key.
  @discardableResult
  func gpg(_ name: String, passphrase: String = "") async throws -> String {
    let home = try TemporaryFolder.make()
    defer { TemporaryFolder.remove(home) }
    let common = ["--homedir", home, "--batch", "--pinentry-mode", "loopback", "--passphrase", passphrase]
    _ = try await run("gpg", common + ["--quick-gen-key", "\(name)@example.org", "future-default", "default", "never"])
    for (file, what) in [("\(name).asc", "--export-secret-keys"), ("\(name).pub.asc", "--export")] {
      let armored = try await run("gpg", common + ["--armor", what]).joined(separator: "\n") + "\n"
      try Data(armored.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(file)"))
    }
    let listing = try await run("gpg", common + ["--with-colons", "--list-keys"])
    _ = try? await run("gpgconf", ["--homedir", home, "--kill", "all"])
    let line = try #require(listing.first { $0.hasPrefix("fpr:") })
    return String(line.split(separator: ":")[1])
  }

  /// The SHA-256 of a new certificate.
  @discardableResult
  func cms(_ name: String, passphrase: String = "") async throws -> String {
    let (pem, certificate, key) = ("\(folder)/\(name).pem", "\(folder)/\(name).crt", "\(folder)/\(name).key")
    _ = try await run(
      "openssl",
      [
        "req", "-x509", "-newkey", "rsa:2048", "-keyout", key, "-out", certificate, "-subj", "/CN=\(name)", "-days",
        "30",
      ]
        + (passphrase.isEmpty ? ["-nodes"] : ["-passout", "pass:\(passphrase)"]))
    let both = try String(contentsOfFile: key, encoding: .utf8) + String(contentsOfFile: certificate, encoding: .utf8)
    try Data(both.utf8).write(to: URL(fileURLWithPath: pem))
    let line = try #require(
      try await run("openssl", ["x509", "-in", certificate, "-noout", "-fingerprint", "-sha256"]).first)
    return String(line.split(separator: "=")[1]).lowercased().filter { $0 != ":" }
  }

  /// What a tool says on its output.
  @discardableResult
  func run(_ program: String, _ arguments: [String]) async throws -> [String] {
    let path = try #require(SandboxTools.executable(program), "\(program) is not installed; run .ci/setup")
    let launch = ChildProcess.Launch(
      executable: path, arguments: arguments, environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": folder])
    return try await ChildProcess.with(launch) { child in
      guard await child.waitForEnd() == .exited(0) else {
        throw Failure(detail: "\(program): \(child.lines.suffix(5))")
      }
      return child.lines
    }
  }
}
