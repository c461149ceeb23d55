import DrillEngines
import Foundation
import Testing

/// A sealed backup of a small SQLite file, made by `firedrill` itself, with the key that it was sealed with.
struct SQLiteBackup {
  var id: String
  var folder: String
  /// The public key's path.
  var trusted: String
  var cluster: String

  static func make(in bench: TestBench) async throws -> SQLiteBackup {
    let shell = try #require(SandboxTools.executable("sqlite3"))
    let sql =
      "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT);"
      + (0..<200).map { "INSERT INTO item VALUES (\($0), 'item number \($0)');" }.joined()
    try await ChildProcess.with(.init(executable: shell, arguments: [bench.folder + "/app.sqlite", sql])) {
      #expect(await $0.waitForEnd() == .exited(0))
    }
    let cluster = try bench.write(
      "cluster: shop\nengine: sqlite\nfiles: [{shard: only, path: app.sqlite}]\n", to: "cluster.yaml")
    let seal = bench.folder + "/seal"
    #expect(try await FiredrillProcess.run(["keygen", "--out", seal], in: bench).status == 0)
    let captured = try await FiredrillProcess.run(
      ["capture", cluster, "--to", bench.catalog, "--key", seal, "--json"], in: bench)
    #expect(captured.status == 0, "\(captured.errors)")
    let id = try #require(try captured.json()["backup"] as? String)
    return SQLiteBackup(id: id, folder: "\(bench.catalog)/\(id)", trusted: seal + ".pub", cluster: cluster)
  }
}
