import DrillCrypto
public import DrillModel
import Foundation

/// Where backups are found: a folder with a folder per backup, each with its manifest beside the artifacts.
///
/// ```
/// catalog/
///   shop-20260131T040000Z-1a2b3c/
///     manifest.dsse.json        the signed statement
///     <shard>.rdb …             data artifacts
///     reference/…               what was read from the live servers at the cut
///   .changes/<backup>/…         what changed after a cut, as `capture --follow` recorded it
///   .firedrill/…                tree heads of ledgers, signed where the run had a key
/// ```
public struct Catalog: Sendable {
  /// The manifest's name in a backup's folder.
  public static let manifestName = "manifest.dsse.json"
  /// Most bytes that a manifest may have.
  static let manifestLimit = 64 << 20

  public let root: String
  public let source: any ArtifactSource

  /// - Throws: `DrillError` with `catalog-empty` when there is no such folder.
  public init(root: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: root, isDirectory: &isFolder), isFolder.boolValue else {
      throw DrillError(
        .catalogEmpty, stage: .catalog, subject: root,
        detail: "there is no catalog here; `firedrill capture CLUSTER.yaml --to CATALOG` makes one")
    }
    self.root = root
    source = FolderSource(root: root)
  }

  /// The mirror of a catalog that lies elsewhere.
  init(root: String, source: any ArtifactSource) {
    self.root = root
    self.source = source
  }

  /// A backup as it lies there: nothing of it has been verified.
  public struct Entry: Hashable, Sendable, Codable {
    /// The folder's name.
    public var id: String
    /// What the manifest claims, for choosing and listing; nil when it cannot be read.
    public var claimed: Manifest?
    /// Why it cannot be read.
    public var problem: String?
    /// What its files tell, where nobody sealed it and a list of the catalog looked; nil for all others.
    public var unsealed: UnsealedDescription?

    public init(id: String, claimed: Manifest? = nil, problem: String? = nil, unsealed: UnsealedDescription? = nil) {
      self.id = id
      self.claimed = claimed
      self.problem = problem
      self.unsealed = unsealed
    }
  }

  /// All backups, oldest cut first; those with an unreadable manifest last.
  public func entries() throws -> [Entry] {
    try folders().map(entry)
      .sorted { ($0.claimed?.cut.time ?? .distant, $0.id) < ($1.claimed?.cut.time ?? .distant, $1.id) }
  }

  /// The names of the folders that can be backups, sorted.
  func folders() throws -> [String] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: root)
    } catch {
      throw DrillError(
        .artifactUnreadable, stage: .catalog, subject: root, detail: "the catalog cannot be listed", underlying: error)
    }
    return names.filter { name in
      var status = stat()
      return !name.hasPrefix(".") && lstat(root + "/" + name, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }.sorted()
  }

  private func entry(_ id: String) -> Entry {
    do {
      let bytes = try envelope(of: id)
      return Entry(id: id, claimed: try SealedManifest.claimed(in: bytes), problem: nil)
    } catch {
      return Entry(id: id, claimed: nil, problem: (error as? DrillError)?.detail ?? "the manifest cannot be read")
    }
  }

  /// The bytes of a backup's manifest envelope.
  ///
  /// - Throws: `DrillError` with `artifact-io` when there is none or it cannot be read.
  public func envelope(of id: String) throws -> [UInt8] {
    try source.contents(of: "\(id)/\(Catalog.manifestName)", limit: Catalog.manifestLimit)
  }

  /// The backup of that name.
  ///
  /// - Throws: `DrillError` with `no-such-backup`.
  func entry(named id: String) throws -> Entry {
    let all = try entries()
    if let exact = all.first(where: { $0.id == id }) { return exact }
    let close =
      nearest(to: id, among: all.map(\.id)).map { "; did you mean '\($0)'?" }
      ?? "; `firedrill catalog list` names those that it holds"
    throw DrillError(.noSuchBackup, stage: .catalog, subject: id, detail: "the catalog holds no such backup\(close)")
  }
}

extension Instant {
  /// Later than every time that a backup can claim.
  fileprivate static let distant = Instant(millisecondsSince1970: .max)
}
