import DrillCrypto
import DrillEngines
import DrillModel
import Foundation

/// Verifies OpenPGP signatures with GnuPG, in a home of its own that holds nothing but the given key: never the user's keyring.
enum GPGSignature {
  private static let patience = 60.0

  /// - Throws: `DrillError`: `server-missing` where there is no gpg; `key-unreadable` where the key is none; `io`.
  static func verify(signature: [UInt8], of message: [UInt8], key: [UInt8]) async throws -> DetachedChecksum {
    guard let gpg = SandboxTools.executable("gpg") else {
      throw DrillError(
        .serverMissing, stage: .integrity, subject: "gpg",
        detail: "the digests are signed with OpenPGP, and there is no gpg to verify that; install gnupg")
    }
    var template = Array("/tmp/fd-gpg-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw DrillError(.io, subject: "gpg", detail: "no temporary folder: \(systemErrorText())")
    }
    let home = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { try? FileManager.default.removeItem(atPath: home) }
    for (name, bytes) in [("key", key), ("signature", signature), ("list", message)] {
      try Data(bytes).write(to: URL(fileURLWithPath: "\(home)/\(name)"))
    }
    let common = ["--homedir", home, "--batch", "--no-tty", "--no-autostart", "--no-options", "--status-fd", "1"]
    let imported = try await run(gpg, common + ["--import", "\(home)/key"], in: home)
    guard imported.contains("IMPORT_OK") else {
      throw DrillError(
        .keyUnreadable, subject: "key of the digests",
        detail: "neither a key of OpenSSL (PEM), nor of minisign, nor of OpenPGP (gpg --export)")
    }
    let status = try await run(
      gpg, common + ["--trust-model", "always", "--verify", "\(home)/signature", "\(home)/list"], in: home)
    return outcome(status)
  }

  /// Source: GnuPG doc/DETAILS, "Format of the --status-fd output".
  static func outcome(_ status: String) -> DetachedChecksum {
    let lines = status.split(whereSeparator: \.isNewline).compactMap { line -> [Substring]? in
      let words = line.split(separator: " ")
      return words.first == "[GNUPG:]" && words.count > 1 ? Array(words.dropFirst()) : nil
    }
    func line(_ name: String) -> [Substring]? { lines.first { $0[0] == name } }
    func word(_ line: [Substring], _ index: Int) -> String { index < line.count ? String(line[index]) : "?" }
    if line("BADSIG") != nil { return .bad("it does not verify") }
    for (name, what) in [("EXPSIG", "the signature"), ("EXPKEYSIG", "the key"), ("REVKEYSIG", "the key")] {
      if line(name) != nil { return .bad("\(what) \(name == "REVKEYSIG" ? "was revoked" : "has expired")") }
    }
    if let missing = line("NO_PUBKEY") { return .ofAnotherKey("signed by OpenPGP key \(word(missing, 1))") }
    // One signature by another key beside a good one would be a line of its own.
    guard line("ERRSIG") == nil, line("GOODSIG") != nil, let valid = line("VALIDSIG") else {
      return .bad("it is no OpenPGP signature that can be verified")
    }
    return .good(by: "OpenPGP key \(word(valid, 1))")
  }

  /// What it says on its standard output; its exit status says no more than that.
  private static func run(_ program: String, _ arguments: [String], in home: String) async throws -> String {
    let said = "\(home)/said"
    try Data().write(to: URL(fileURLWithPath: said))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = ["GNUPGHOME": home, "LC_ALL": "C", "PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: said))
    process.standardError = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      throw DrillError(.io, subject: "gpg", detail: "it cannot be started: \(error)", underlying: error)
    }
    let identifier = process.processIdentifier
    let watchdog = DispatchWorkItem { kill(identifier, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + patience, execute: watchdog)
    process.waitUntilExit()
    watchdog.cancel()
    return try String(contentsOfFile: said, encoding: .utf8)
  }
}
