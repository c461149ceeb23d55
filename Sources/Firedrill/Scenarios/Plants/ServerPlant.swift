import DrillModel
import Foundation
import Glibc

/// Another program in place of the sandbox's server: a shell script, which is told everything that the server would be told.
///
/// It stands in the bench as `planted/redis-server` and is asked for its version first (`--version`), outside of the sandbox; then it is started in the sandbox, in the
/// shard's own folder, with the server's configuration on its standard input. An empty script is a server that is not there.
struct ServerPlant: Plant {
  var script: String
  /// Whether the script starts further processes. The namespaces of a sandbox forbid them; so bubblewrap is hidden from the program, and the sandbox is a process.
  var forks: Bool
  /// Fields of the drill's `sandbox` beside the server.
  var sandbox: [String: String]

  init(_ section: YAMLSection) throws {
    guard let server = try section.section("server") else {
      throw section.missing(["server"], "'server' has 'script'")
    }
    script = try server.text("script") ?? ""
    forks = try server.flag("forks") ?? false
    sandbox = try server.texts(mappedBy: "sandbox")
    try server.finish()
  }

  func planted(
    in bench: ScenarioBench, _ body: (ScenarioBench) async throws -> ScenarioOutcome
  ) async throws -> ScenarioOutcome {
    var bench = bench
    let folder = bench.path("planted")
    let path = folder + "/redis-server"
    var fields = sandbox
    fields["folder"] = fields["folder"] ?? "work"
    fields["server"] = "planted/redis-server"
    if !script.isEmpty {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data("#!/bin/sh\n\(bench.filled(script))\n".utf8).write(to: URL(fileURLWithPath: path))
      guard chmod(path, 0o755) == 0 else {
        throw DrillError(.io, subject: "server", detail: "what was to be planted cannot be made executable")
      }
    }
    if forks { bench.environment["PATH"] = try ServerPlant.toolsWithoutBubblewrap(in: folder) }
    bench.drill["sandbox"] =
      "{\(fields.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", "))}"
    bench.proofs.append("the sandbox's server is \(script.isEmpty ? "not there" : "a planted script")")
    return try await body(bench)
  }

  /// A folder of links to all programs of this machine but one, to look for programs in.
  private static func toolsWithoutBubblewrap(in folder: String) throws -> String {
    let links = folder + "/bin"
    try FileManager.default.createDirectory(atPath: links, withIntermediateDirectories: true)
    for place in ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"] {
      for name in (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? [] where name != "bwrap" {
        // The first of a name counts, as in any search.
        _ = symlink("\(place)/\(name)", "\(links)/\(name)")
      }
    }
    return links
  }
}
