import Foundation
import Testing

@testable import DrillEngines

/// Servers of several versions and families, beside the one that `make setup` installs.
///
/// They are looked for where `FIREDRILL_TEST_SERVERS` says (paths, `:` between them), else where `make test-servers` puts
/// them. What is not there is said, never passed over in silence.
enum TestServers {
  struct Server: Sendable, CustomTestStringConvertible {
    var program: RedisServerProgram
    var version: RedisServerProgram.Version
    var testDescription: String { version.description }
    /// Nothing can be preloaded into one that is linked statically, as this one of PyPI's is.
    var holdsClock: Bool { version.description != "valkey 9.0.0" }
    var knowsExpiringFields: Bool {
      version.family == .valkey ? version.major >= 9 : (version.major, version.minor) >= (7, 4)
    }
  }

  /// What can be had, for the list of what was not tried.
  private static let wanted = [
    "redis 2.8", "redis 3.0", "redis 3.2", "redis 5.0", "redis 6.2", "redis 7.0", "redis 7.4", "redis 8.2",
    "valkey 8.1",
    "valkey 9.0", "valkey 9.1",
  ]

  static func found() async -> [Server] {
    var servers: [Server] = []
    for path in ["redis-server"].compactMap({ SandboxTools.executable($0) }) + paths {
      let program = await RedisServerProgram.probe(path)
      if let version = program.version, !servers.contains(where: { $0.version == version }) {
        servers.append(Server(program: program, version: version))
      }
    }
    let missing = wanted.filter { name in !servers.contains { $0.version.description.hasPrefix(name + ".") } }
    if !missing.isEmpty {
      print("not tried, since not found: \(missing.joined(separator: ", ")); `make test-servers` fetches them")
    }
    return servers
  }

  private static var paths: [String] {
    if let named = ProcessInfo.processInfo.environment["FIREDRILL_TEST_SERVERS"] {
      return named.split(separator: ":").map(String.init)
    }
    let folder = built("servers")
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted().map { "\(folder)/\($0)" }
  }

  /// A module (`rejson`) that `make test-servers` fetched; nil, said aloud, where it is not there.
  static func module(_ name: String) -> String? {
    let path = "\(built("server-modules"))/\(name).so"
    guard FileManager.default.fileExists(atPath: path) else {
      print("not tried, since not found: module \(name); `make test-servers` fetches it")
      return nil
    }
    return path
  }

  private static func built(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(".build/\(name)").path
  }
}
