import DrillModel
import Foundation

/// How remote catalogs are fetched, and where what was fetched is kept.
public struct RcloneSettings: Hashable, Sendable {
  /// rclone's configuration file; nil: rclone's own choice, `$RCLONE_CONFIG` included.
  public var config: String?
  /// A path, or a name on PATH.
  public var program = "rclone"
  /// How long not a byte may arrive.
  public var timeout: Duration = .seconds(60)
  /// Folder of the cache.
  public var cacheFolder: String
  /// Most bytes that fetched backups may take together.
  public var cacheBytes: UInt64 = 50 << 30
  /// Bytes that were fetched longer ago are fetched again: storage can rot without changing sizes and times.
  public var maxAge: Duration = .seconds(24 * 3600)

  /// - Parameter cacheFolder: nil: `$FIREDRILL_CACHE`, else `firedrill` in `$XDG_CACHE_HOME` or `~/.cache`.
  public init(cacheFolder: String? = nil) {
    let environment = ProcessInfo.processInfo.environment
    self.cacheFolder =
      cacheFolder ?? environment["FIREDRILL_CACHE"].map(Workplace.absolute)
      ?? (environment["XDG_CACHE_HOME"] ?? ("~/.cache" as NSString).expandingTildeInPath) + "/firedrill"
  }
}
