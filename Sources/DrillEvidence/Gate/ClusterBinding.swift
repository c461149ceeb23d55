public import DrillModel

/// What a decision stands on in one cluster. It stands no longer once the ledger holds a newer epoch, a newer cut or a failing run.
public struct ClusterBinding: Hashable, Sendable, Codable {
  public var cluster: String
  /// The run that decided; nil where there was none.
  public var run: String?
  public var leaf: Int?
  /// The present topology's epoch, and the leaf that states it; nil where none was seen.
  public var epoch: UInt64?
  public var topologyLeaf: Int?
  /// The newest cut among the backups that the run examined.
  public var cut: Cut?
  public var fingerprintRoot: Digest?
  public var backups: [Backup]

  public struct Backup: Hashable, Sendable, Codable {
    public var backup: String
    public var manifest: Digest?
  }

  init(_ facts: ClusterFacts) {
    cluster = facts.cluster
    let deciding = facts.deciding
    run = deciding?.body.run
    leaf = deciding?.leaf
    epoch = facts.presentTopology?.body.epoch
    topologyLeaf = facts.presentTopology?.leaf
    cut = deciding?.body.backups.compactMap(\.cut).max { $0.time < $1.time }
    fingerprintRoot = deciding?.body.fingerprintRoot
    backups = deciding?.body.backups.map { Backup(backup: $0.backup, manifest: $0.manifest) } ?? []
  }
}
