public import DrillModel
internal import Foundation

extension RedisEngine: RollingForward {
  public func rollForward(_ window: ChangeWindow, in folder: String) throws -> RolledForward {
    var rolled = RolledForward()
    for file in window.restored {
      let shard = file.shard
      guard let start = window.cut.positions[shard].flatMap(ReplicationPosition.init),
        let end = window.snapshot.cut.positions[shard].flatMap(ReplicationPosition.init)
      else {
        rolled.gaps[shard] = "the cut or the snapshot names no replication offset"
        continue
      }
      guard let changes = window.changes,
        FileManager.default.fileExists(atPath: StreamRecorder.path(folder: changes, shard: shard))
      else {
        rolled.gaps[shard] = "no change stream was recorded"
        continue
      }
      var assembly = try AOFChainAssembly(shard: shard, base: file)
      let gap = try assembly.add(
        stream: StreamRecorder.path(folder: changes, shard: shard), after: start, upTo: end)
      guard gap == nil else {
        rolled.gaps[shard] = gap
        continue
      }
      let place = "\(folder)/\(rolled.files.count)"
      do {
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
      } catch {
        throw DrillError(.io, subject: shard, detail: "no folder can be made to roll forward in", underlying: error)
      }
      rolled.files.append(try assembly.finish(in: place).file)
    }
    return rolled
  }
}
