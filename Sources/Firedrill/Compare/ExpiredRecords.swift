import DrillChecks
import DrillModel

/// Restored records whose expiry lies between the cut and a later moment: a store whose clock went on until then answered about them as gone, while a
/// sandbox's clock stands at the cut.
struct ExpiredRecords: Sendable {
  private var keys: Set<KeyDigests.Key> = []
  private var slots = SlotSet()

  init(among entries: KeyDigests, after cut: Instant, until end: Instant) {
    let window = cut.millisecondsSince1970...max(cut, end).millisecondsSince1970
    for (key, entry) in entries.entries where entry.expiry != RecordBatch.noExpiry && window.contains(entry.expiry) {
      keys.insert(key)
      slots.insert(entry.slot)
    }
  }

  /// Whether the operation asks about one of them: a command names its keys; a query may be about any row of its slot.
  func concern(_ operation: DrillModel.Operation) -> Bool {
    switch operation.statement {
    case .command(let arguments):
      arguments.dropFirst().contains {
        keys.contains(KeyDigests.Key(namespace: operation.namespace ?? "db0", bytes: $0))
      }
    case .query: slots.contains(operation.slot)
    }
  }
}
