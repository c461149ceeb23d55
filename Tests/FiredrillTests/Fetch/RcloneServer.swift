import DrillEngines
import Foundation
import Testing

/// `rclone serve` of a folder on the loopback, behind a password.
struct RcloneServer {
  /// An rclone configuration with the remote `there`, and one with a wrong password.
  var configuration: String
  var refusedConfiguration: String

  static func with<R: Sendable>(
    _ kind: String, _ folder: String, home: String, _ body: (RcloneServer) async throws -> R
  ) async throws -> R {
    let rclone = try #require(RcloneProgram.path)
    let environment = ["HOME": home, "PATH": "/usr/bin:/bin", "RCLONE_CONFIG": home + "/serve.conf"]
    // A port of its own is only known from what it says; so a free one is looked for, and again where it was taken meanwhile.
    for _ in 0..<10 {
      let port = Int.random(in: 20_000..<32_000)
      let launch = ChildProcess.Launch(
        executable: rclone,
        arguments: ["serve", kind, folder, "--addr", "127.0.0.1:\(port)", "--user", "ada", "--pass", "right", "-v"],
        environment: environment)
      let result: R? = try await ChildProcess.with(launch) { child in
        while child.ending == nil, !child.lines.contains(where: { $0.contains("127.0.0.1:\(port)") }) {
          try await Task.sleep(for: .milliseconds(10))
        }
        guard child.ending == nil else { return nil }
        return try await body(
          RcloneServer(
            configuration: try await section(kind, port, "right", rclone, environment),
            refusedConfiguration: try await section(kind, port, "wrong", rclone, environment)))
      }
      if let result { return result }
    }
    throw TestBench.Failure(detail: "rclone serve \(kind) does not start")
  }

  private static func section(
    _ kind: String, _ port: Int, _ password: String, _ rclone: String, _ environment: [String: String]
  ) async throws -> String {
    let launch = ChildProcess.Launch(executable: rclone, arguments: ["obscure", password], environment: environment)
    let obscured = try await ChildProcess.with(launch) { child in
      _ = await child.waitForEnd()
      return try #require(child.lines.last)
    }
    let place =
      kind == "sftp" ? "host = 127.0.0.1\nport = \(port)\nshell_type = none" : "url = http://127.0.0.1:\(port)"
    return "[there]\ntype = \(kind)\n\(place)\nuser = ada\npass = \(obscured)\n"
  }
}
