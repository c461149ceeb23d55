internal import DrillModel

/// Whether one shard's snapshot stands for the moment at which all masters were paused.
///
/// All masters were paused together from the last pause's confirmation to the first release. A shard's snapshot stands
/// for that time if its position is the
/// master's own position then, before and after: positions count every byte that a master tells its replicas, so an old
/// snapshot, a late replica and a write in
/// between all show.
struct CoherenceProof: Hashable, Sendable {
  /// Bytes of the replication stream's own `PING`, which masters send on their own account, paused or not: `*1 CRLF $4
  /// CRLF PING CRLF`. No command that writes
  /// is as short (the shortest, `FLUSHDB`, takes 17), so a step of exactly this size is a `PING` and a larger one may
  /// not be.
  ///
  /// Source: redis 7.0 src/replication.c, `replicationCron`.
  static let pingBytes: UInt64 = 14

  /// The sentence for the manifest.
  var sentence: String
  /// Why it is no proof; empty: it is one.
  var objections: [String]

  /// - Parameters:
  ///   - what: what stands for the shard, of which the proof is: its snapshot, its stream.
  ///   - position: at which that stands.
  ///   - paused: the master after the last pause of all was confirmed.
  ///   - released: the master before the first release of all.
  ///   - expiredAt: the earliest moment at which a pause may have ended by itself.
  ///   - releasedAt: when `released` had been read.
  init(
    shard: String, source: String, what: String, paused: MasterState, position: ReplicationPosition,
    released: MasterState, expiresAt: ContinuousClock.Instant,
    releasedAt: ContinuousClock.Instant
  ) {
    var objections: [String] = []
    func step(from: UInt64, to: UInt64) -> Bool { to == from || to == from &+ CoherenceProof.pingBytes }
    if !paused.countsWrites {
      objections.append("the master had no replication backlog, so its offset did not count writes")
    }
    if !step(from: paused.offset, to: position.offset) {
      objections.append("the \(what) stands at offset \(position.offset), the paused master at \(paused.offset)")
    }
    if !step(from: position.offset, to: released.offset) {
      objections.append("the master went from offset \(position.offset) to \(released.offset) while it was paused")
    }
    if position.history != paused.replicationID || position.history != released.replicationID {
      objections.append("the \(what) belongs to another replication history than the master")
    }
    if releasedAt >= expiresAt { objections.append("the pause ran out by itself before the last offset was read") }
    if paused.role != "master" || released.role != "master" { objections.append("the node is not master any more") }
    if paused.runID != released.runID { objections.append("the server was started again") }
    if paused.currentEpoch != released.currentEpoch || paused.configEpoch != released.configEpoch {
      objections.append("the cluster's epoch changed")
    }
    if paused.own?.slots != released.own?.slots || paused.own?.moves != released.own?.moves {
      objections.append("slots changed hands or were opened")
    }
    self.objections = objections
    let epoch = paused.currentEpoch.map { ", epoch \($0)" } ?? ""
    sentence =
      "\(shard): offset \(paused.offset) paused, \(position.offset) in the \(what) of \(source), \(released.offset) before release; "
      + "same run, role\(epoch) and slots; the pause held"
  }
}
