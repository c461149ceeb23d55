public import DrillModel

/// Judges files of a store whose shards hold disjoint slots, where no topology says which: two that hold records of one slot are one too many.
public enum SharedSlots {
  /// - Parameter seen: the slots of which each artifact holds records, by its name.
  /// - Returns: a `slot-overlap` for each artifact after the first that shares slots with those before it.
  public static func check(_ seen: [(artifact: String, shard: String, slots: SlotSet)], backup: String) -> [Finding] {
    var found: [Finding] = []
    var taken = SlotSet()
    for part in seen {
      let twice = taken.intersection(part.slots)
      taken = taken.union(part.slots)
      guard !twice.isEmpty else { continue }
      found.append(
        Finding(
          .slotOverlap, stage: .decode,
          subject: Finding.Subject(
            backup: backup, shard: part.shard, artifact: part.artifact, slot: twice.slots.first),
          expected: "records of a slot in one file, or a topology that names the slot's move",
          observed:
            "records of \(Wording.count(twice.count, "slot")) (\(Excerpt.of(twice))) in another file as well: doubles"))
    }
    return found
  }
}
