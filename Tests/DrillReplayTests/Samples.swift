import DrillModel
import DrillReplay

/// Samples of keys made up for these tests, with a slot function of their own: a byte sum of the hash tag, which tells
/// relatives alike as CRC-16 does.
enum Samples {
  static func redisSlot(_ key: [UInt8]) -> Slot {
    var content = key[...]
    if let open = key.firstIndex(of: 0x7b), let close = key[open...].firstIndex(of: 0x7d), close > open + 1 {
      content = key[(open + 1)..<close]
    }
    return Slot(content.reduce(7) { ($0 * 31 + Int($1)) % Slot.count })
  }

  static func redisEntry(_ kind: RecordKind, _ name: String, namespace: String = "db0") -> WorkloadKeys.Entry {
    let key = Array(name.utf8)
    return WorkloadKeys.Entry(kind: kind, namespace: namespace, key: key, slot: redisSlot(key))
  }

  /// Twenty keys of each kind, half of them tagged by a customer.
  static let redisEntries: [WorkloadKeys.Entry] = [RecordKind.string, .hash, .list, .set, .sortedSet, .stream, .module]
    .flatMap { kind in
      (0..<20).map { redisEntry(kind, $0 % 2 == 0 ? "{customer:\($0 / 8)}:\(kind.name):\($0)" : "\(kind.name):\($0)") }
    }

  static let redis = WorkloadKeys(redisEntries)

  static func row(_ columns: [Int64]) -> [UInt8] {
    columns.reduce(into: []) { $0.appendInteger($1) }
  }

  /// Routed by the first column.
  static func rowSlot(_ key: [UInt8]) -> Slot {
    Slot(key.prefix(9).reduce(7) { ($0 * 31 + Int($1)) % Slot.count })
  }

  static let rows = WorkloadKeys(
    (1...30).flatMap { customer in
      [WorkloadKeys.Entry(kind: .row, namespace: "customers", key: row([customer]), slot: rowSlot(row([customer])))]
        + (1...3).map { order in
          WorkloadKeys.Entry(
            kind: .row, namespace: "orders", key: row([customer, order]), slot: rowSlot(row([customer])))
        }
    })
}
