public import DrillModel

/// Where a restored backup, brought forward by the recorded changes, still differs from the snapshot.
public struct RolledKeys: Sendable {
  private let slots: SlotSet
  private let notModelled: Set<ReadFacts.RecordName>
  private let differing: Set<ReadFacts.RecordName>
  let differences: [KeyDiff.Difference]

  enum State { case equal, differing, notModelled, notCompared }

  /// - Parameters:
  ///   - slots: those of which every record was brought forward.
  ///   - diff: what differs there (left: brought forward; right: the snapshot).
  ///   - notModelled: records of which nobody can tell what the changes made of them.
  public init(slots: SlotSet, diff: KeyDiff, notModelled: Set<ReadFacts.RecordName> = []) {
    self.slots = slots
    self.notModelled = notModelled
    differences = diff.differences.filter {
      slots.contains($0.slot) && !notModelled.contains(.init(namespace: $0.namespace, key: $0.key))
    }
    differing = Set(differences.map { .init(namespace: $0.namespace, key: $0.key) })
  }

  func state(of difference: KeyDiff.Difference) -> State {
    guard slots.contains(difference.slot) else { return .notCompared }
    let name = ReadFacts.RecordName(namespace: difference.namespace, key: difference.key)
    if notModelled.contains(name) { return .notModelled }
    return differing.contains(name) ? .differing : .equal
  }
}
