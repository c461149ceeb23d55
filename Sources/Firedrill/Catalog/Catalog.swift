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
  public let source: FolderSource

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

  /// A backup as it lies there: nothing of it has been verified.
  public struct Entry: Hashable, Sendable, Codable {
    /// The folder's name.
    public var id: String
    /// What the manifest claims, for choosing and listing; nil when it cannot be read.
    public var claimed: Manifest?
    /// Why it cannot be read.
    public var problem: String?
  }

  /// All backups, oldest cut first; those with an unreadable manifest last.
  public func entries() throws -> [Entry] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: root)
    } catch {
      throw DrillError(
        .artifactUnreadable, stage: .catalog, subject: root, detail: "the catalog cannot be listed", underlying: error)
    }
    return names.filter { !$0.hasPrefix(".") }.compactMap { name -> Entry? in
      var status = stat()
      guard lstat(root + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
      return entry(name)
    }.sorted { ($0.claimed?.cut.time ?? .distant, $0.id) < ($1.claimed?.cut.time ?? .distant, $1.id) }
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

  /// The backups that a drill selects, of `cluster` where it is given.
  ///
  /// - Throws: `DrillError` with `catalog-empty` or `no-such-backup`.
  public func select(_ selection: DrillFile.BackupSelection, cluster: String?) throws -> [Entry] {
    let all = try entries()
    // A backup that is named is the one that is meant, whatever it claims: the manifest's check says whose it is.
    if case .id(let id) = selection, let exact = all.first(where: { $0.id == id }) { return [exact] }
    let candidates = all.filter { cluster == nil || $0.claimed == nil || $0.claimed?.cluster == cluster }
    guard !candidates.isEmpty else {
      throw DrillError(
        .catalogEmpty, stage: .catalog, subject: cluster ?? "catalog",
        detail: all.isEmpty
          ? "the catalog holds no backup; see whether the backup job ran"
          : "the catalog holds no backup of this cluster")
    }
    let readable = candidates.filter { $0.claimed != nil }
    switch selection {
    case .latest:
      // A newer backup whose manifest cannot be read must not be passed over in silence: it is what "latest" may well have meant.
      guard let unreadable = candidates.first(where: { $0.claimed == nil }) else {
        return [candidates[candidates.count - 1]]
      }
      guard let newest = readable.last, newest.id > unreadable.id else { return [unreadable] }
      return [newest]
    case .id(let id):
      let close = nearest(to: id, among: all.map(\.id)).map { "; did you mean '\($0)'?" } ?? ""
      throw DrillError(.noSuchBackup, stage: .catalog, subject: id, detail: "the catalog holds no such backup\(close)")
    case .at(let time):
      guard let found = readable.last(where: { ($0.claimed?.cut.time ?? .distant) <= time }) else {
        throw DrillError(
          .noSuchBackup, stage: .catalog, subject: time.description, detail: "no backup's cut is as old as this")
      }
      return [found]
    case .sample(let count, let seed):
      // The k smallest of a keyed hash, like every sample: the same backups whatever else the catalog gained since.
      return candidates.map { ($0, SipHash(seed: seed).hash(Array($0.id.utf8))) }.sorted { $0.1 < $1.1 }.prefix(count)
        .map(\.0)
        .sorted { ($0.claimed?.cut.time ?? .distant, $0.id) < ($1.claimed?.cut.time ?? .distant, $1.id) }
    }
  }
}

extension Instant {
  /// Later than every time that a backup can claim.
  fileprivate static let distant = Instant(millisecondsSince1970: .max)
}

private func < (a: (Instant, String), b: (Instant, String)) -> Bool { a.0 == b.0 ? a.1 < b.1 : a.0 < b.0 }
