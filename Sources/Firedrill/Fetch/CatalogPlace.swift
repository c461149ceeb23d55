import DrillModel
import Foundation

/// Where a catalog is: a folder of this machine, or a place behind rclone.
public enum CatalogPlace: Hashable, Sendable {
  /// Its absolute path.
  case folder(String)
  case remote(RcloneRemote, RcloneSettings)

  /// What a person typed.
  ///
  /// - Throws: `DrillError` with `usage`.
  public init(_ text: String, settings: RcloneSettings = RcloneSettings()) throws {
    self = try RcloneRemote(text).map { .remote($0, settings) } ?? .folder(Workplace.absolute(text))
  }

  /// Opens it; what is fetched from a remote one stays in the cache at least as long as the result lives.
  ///
  /// - Throws: `DrillError`: `catalog-empty` where there is no such folder; why a remote cannot be listed.
  func opened(events: @escaping DrillEventHandler) async throws -> OpenedCatalog {
    switch self {
    case .folder(let path): OpenedCatalog(catalog: try Catalog(root: path), mirror: nil)
    case .remote(let remote, let settings):
      OpenedCatalog(try await CatalogMirror.opened(remote, settings, events: events))
    }
  }
}

/// A catalog that is looked into.
struct OpenedCatalog: Sendable {
  var catalog: Catalog
  /// Nil for a folder of this machine.
  var mirror: CatalogMirror?
}

extension OpenedCatalog {
  init(_ mirror: CatalogMirror) {
    catalog = mirror.catalog
    self.mirror = mirror
  }
}
