import DrillCrypto
import DrillEvidence
import DrillFaults
import DrillModel
import Firedrill
import Foundation

/// One test's own copy of a captured backup, with all that a drill of it needs: cluster file, keys, catalog, ledger, work folder.
///
/// ```
/// <folder>/shop.yaml            the cluster, as it stands at the cut where the engine has files
/// <folder>/seal, seal.pub       the trusted pair; other, other.pub: a pair that no drill trusts
/// <folder>/backups/<backup>/    the backup
/// ```
struct DrillBench: Sendable {
  let folder: String
  let backup: String
  let catalog: String

  /// - Parameter catalog: relative to `folder`.
  init(folder: String, backup: String, catalog: String = "backups") {
    self.folder = folder
    self.backup = backup
    self.catalog = "\(folder)/\(catalog)"
  }

  var backupFolder: String { catalog + "/" + backup }
  var ledger: String { folder + "/ledger.sqlite" }

  /// Copies `original` for the time of `body`.
  static func with<R: Sendable>(
    copyOf original: String, backup: String, _ body: (DrillBench) async throws -> R
  ) async throws -> R {
    let folder = try TemporaryFolder.make()
    defer { TemporaryFolder.remove(folder) }
    let copy = folder + "/b"
    try FileManager.default.copyItem(atPath: original, toPath: copy)
    return try await body(DrillBench(folder: copy, backup: backup))
  }

  // MARK: Drills

  /// Fields of a drill file; a test changes what it is about.
  struct Drill: Sendable {
    var cluster = "shop.yaml"
    var catalog = "backups"
    var trust = "seal.pub"
    var level = Level.answers
    var seed = 5
    /// Further lines, as YAML.
    var more: [String] = []

    var text: String {
      ([
        "drill: nightly", "seed: \(seed)", "cluster: \(cluster)", "catalog: \(catalog)", "trust: \(trust)",
        "level: \(level.rawValue)",
        "ledger: ledger.sqlite",
      ] + (more.contains { $0.hasPrefix("sandbox:") } ? [] : ["sandbox: {folder: work}"]) + more).joined(
        separator: "\n") + "\n"
    }
  }

  @discardableResult
  func write(_ drill: Drill, as name: String = "drill.yaml") throws -> String {
    let path = "\(folder)/\(name)"
    try Data(drill.text.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Runs a drill that selects one backup, keys in clear.
  func run(_ drill: Drill = Drill()) async throws -> Run { try await outcome(drill).run }

  func run(_ more: String...) async throws -> Run { try await run(Drill(more: more)) }

  func outcome(_ drill: Drill = Drill()) async throws -> DrillOutcome {
    let outcomes = try await Firedrill.run(drill: try write(drill), options: RunOptions(showsKeys: true))
    precondition(outcomes.count == 1, "a drill of one backup has one run")
    return outcomes[0]
  }

  func recorded() throws -> [RunEntry] { try Ledger.open(at: ledger, mode: .readOnly).runs() }

  // MARK: The backup

  func manifest() throws -> Manifest { try Firedrill.inspect(backup: backup, catalog: catalog).manifest }

  var manifestPath: String { "\(backupFolder)/\(Catalog.manifestName)" }

  func path(of artifact: Artifact) -> String { "\(backupFolder)/\(artifact.name)" }

  func dataArtifacts() throws -> [Artifact] {
    try manifest().artifacts.filter { $0.role == .data }.sorted { $0.name < $1.name }
  }

  func key(_ name: String = "seal") throws -> SigningKey { try KeyFile.readSigningKey("\(folder)/\(name)") }

  /// Seals the backup again, over its files as they now are and whatever else `change` makes of the manifest: what a backup job does that stores wrong data.
  ///
  /// It stands for a backup that was sealed so in the first place: a ledger that knows the manifest from before would call it replaced, and is removed.
  func reseal(with name: String = "seal", _ change: (inout Manifest) throws -> Void = { _ in }) throws {
    var manifest = try manifest()
    try change(&manifest)
    for index in manifest.artifacts.indices {
      let bytes = try Data(contentsOf: URL(fileURLWithPath: path(of: manifest.artifacts[index])))
      manifest.artifacts[index].sizeBytes = UInt64(bytes.count)
      manifest.artifacts[index].digest = SHA256.digest(Array(bytes))
    }
    let sealed = try SealedManifest.seal(manifest, with: try key(name))
    try Data(sealed.envelope).write(to: URL(fileURLWithPath: manifestPath))
    for ending in ["", "-wal", "-shm"] { unlink(ledger + ending) }
  }

  /// The captured answers, read from the backup.
  func answers() throws -> AnswerSheet {
    try JSONDecoder().decode(
      AnswerSheet.self, from: Data(contentsOf: URL(fileURLWithPath: backupFolder + "/reference/answers.json")))
  }
}

/// Fresh folders with short paths, since a unix socket's path has at most 107 bytes.
enum TemporaryFolder {
  static func make() throws -> String {
    let folder = "/tmp/fd-\(String(UInt64.random(in: .min ... .max), radix: 36))"
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    return folder
  }

  static func remove(_ folder: String) { try? FileManager.default.removeItem(atPath: folder) }

  static func with<R>(_ body: (String) async throws -> R) async throws -> R {
    let folder = try make()
    defer { remove(folder) }
    return try await body(folder)
  }
}
