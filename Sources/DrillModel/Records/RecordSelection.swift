/// Which records a reader hands on.
public enum RecordSelection: Hashable, Sendable {
  case all
  /// Only records of these slots: how unequal cells are looked into.
  case slots(SlotSet)

  @inline(__always)
  public func contains(_ slot: Slot) -> Bool {
    switch self {
    case .all: true
    case .slots(let slots): slots.contains(slot)
    }
  }
}
