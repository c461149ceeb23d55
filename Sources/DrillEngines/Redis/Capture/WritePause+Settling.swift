internal import DrillModel

extension WritePause {
  /// Looks in a row that show the same, how far apart, and how many at most: a step of a migration tool takes some round trips.
  private static let looks = 3
  private static let step = Duration.milliseconds(25)
  private static let mostLooks = 20

  /// What the paused masters say, and what the shards own and what is in flight by that, not as it was surveyed.
  ///
  /// - Throws: ``CoherentHold/Failed`` where the masters do not agree; `DrillError` of one that could not say.
  func settled(_ map: RedisClusterMap) async throws -> (states: [String: MasterState], map: RedisClusterMap) {
    let states = try await settledStates(map)
    do {
      return (states, try map.at(states))
    } catch let error as DrillError where error.code == .storeMoved {
      throw CoherentHold.Failed(reasons: ["\(error.subject): \(error.detail)"])
    }
  }

  /// The masters' states, once nothing changes any more that a migration tool had under way: what it had sent when writes were
  /// paused still arrives, until its next `MIGRATE` waits for the pause to end. Where nothing moves, one look is enough.
  private func settledStates(_ map: RedisClusterMap) async throws -> [String: MasterState] {
    var states = try await states(timeout: limit)
    func isMoving(_ shard: RedisClusterMap.Shard) -> Bool {
      guard let own = states[shard.name]?.own else { return false }
      return !own.moves.isEmpty || own.slots != shard.slots
    }
    guard map.isCluster, map.shards.contains(where: isMoving) else { return states }
    var equalLooks = 0
    for _ in 0..<WritePause.mostLooks where equalLooks < WritePause.looks {
      try await Task.sleep(for: WritePause.step)
      let next = try await self.states(timeout: limit)
      let isSettled = next.allSatisfy { shard, state in
        states[shard]?.own?.slots == state.own?.slots && states[shard]?.own?.moves == state.own?.moves
          && states[shard]?.configEpoch == state.configEpoch && states[shard]?.currentEpoch == state.currentEpoch
      }
      equalLooks = isSettled ? equalLooks + 1 : 0
      states = next
    }
    return states
  }
}
