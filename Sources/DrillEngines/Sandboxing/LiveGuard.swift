public import DrillModel
internal import Foundation
internal import Glibc

/// Keeps sandboxes and live stores apart.
public enum LiveGuard {
  /// Refuses a run whose sandbox folder and live cluster lie within each other, or that would restore a live file.
  ///
  /// Paths are compared with links resolved, files by device and inode.
  ///
  /// - Throws: `DrillError` with `sandbox-is-live`.
  public static func check(_ cluster: ClusterDescription, folder: String, files: [ArtifactFile] = []) throws {
    let home = resolved(folder)
    var paths = cluster.files.map(\.path)
    for case .unix(let path) in cluster.endpoints { paths.append(path) }
    for path in paths {
      let live = resolved(path)
      if live == home || live.hasPrefix(home + "/") {
        throw refusal(
          cluster, "a live store's file or socket lies in the sandbox's folder; give the sandbox another work folder")
      }
      if home.hasPrefix(live + "/") {
        throw refusal(cluster, "the sandbox's folder lies in a live store's; give the sandbox another work folder")
      }
      let identity = fileIdentity(live)
      for file in files where resolved(file.path) == live || (identity != nil && fileIdentity(file.path) == identity) {
        throw refusal(
          cluster, "what is to be restored for shard \(file.shard) is a live store's own file; restore a copy of it")
      }
    }
  }

  /// Refuses a server that is a sandbox's and a live cluster's at once.
  ///
  /// - Throws: `DrillError` with `sandbox-is-live`.
  public static func check(sandboxRunIDs: Set<String>, liveRunIDs: Set<String>) throws {
    guard sandboxRunIDs.isDisjoint(with: liveRunIDs) else {
      throw DrillError(
        .sandboxIsLive, stage: .restore, subject: "run_id",
        detail: "a sandbox's server and a live node are the same process")
    }
  }

  private static func refusal(_ cluster: ClusterDescription, _ detail: String) -> DrillError {
    DrillError(.sandboxIsLive, stage: .restore, subject: cluster.name, detail: detail)
  }

  /// Resolves what exists of a path, so that a file that is not there yet is still recognised by its folder.
  private static func resolved(_ path: String) -> String {
    URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
  }

  private static func fileIdentity(_ path: String) -> [UInt64]? {
    var information = stat()
    guard stat(path, &information) == 0 else { return nil }
    return [UInt64(information.st_dev), UInt64(information.st_ino)]
  }
}
