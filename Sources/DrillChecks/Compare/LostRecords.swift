public import DrillModel

/// Names records that the reference knows and that lie on no side of any move: lost.
public enum LostRecords {
  /// - Parameters:
  ///   - differing: operations that the reference answered otherwise than the restored copy.
  ///   - held: the records of their slots, of all shards together.
  /// - Returns: `record-lost` for each key that one of them asks about alone and that no shard holds: the copy's answer is that
  ///   for an absent record, and the reference gave another.
  public static func check(_ differing: [Operation], held: KeyDigests, backup: String) -> [Finding] {
    var seen: Set<KeyDigests.Key> = []
    var found: [Finding] = []
    for operation in differing {
      // A command with one argument asks about one key; of longer ones, what is a key is the engine's to know.
      guard case .command(let words) = operation.statement, words.count == 2, words[1] == operation.key else {
        continue
      }
      let key = KeyDigests.Key(namespace: operation.namespace ?? "db0", bytes: operation.key)
      guard held.entries[key] == nil, seen.insert(key).inserted else { continue }
      found.append(
        Finding(
          .recordLost, stage: .compare,
          subject: Finding.Subject(
            backup: backup, namespace: key.namespace, slot: operation.slot, key: .clear(key.bytes)),
          expected: "the record that answered \(operation.name) at the cut", observed: "in no shard"))
    }
    var judgement = Judgement()
    judgement.addLimited(found)
    return judgement.findings
  }
}
