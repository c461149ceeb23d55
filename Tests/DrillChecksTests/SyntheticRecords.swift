import DrillModel

/// A generator that is the same for one seed everywhere. Source: Vigna, "splitmix64.c", 2015.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// A record as tests write it down, to be put into batches whole or in pieces.
struct SyntheticRecord: Hashable {
  var namespace = "db0"
  var key: [UInt8]
  var slot: Slot
  var kind = RecordKind.string
  var expiry = RecordBatch.noExpiry
  var body: [UInt8] = []
  var elements: [[UInt8]] = []

  static func string(
    _ key: String, _ value: String, slot: Int = 0, expiry: Int64 = RecordBatch.noExpiry
  ) -> SyntheticRecord {
    var body: [UInt8] = []
    body.appendBlob(Array(value.utf8))
    return SyntheticRecord(key: Array(key.utf8), slot: Slot(slot), expiry: expiry, body: body)
  }

  static func unordered(_ kind: RecordKind, _ key: String, _ members: [String], slot: Int = 0) -> SyntheticRecord {
    SyntheticRecord(
      key: Array(key.utf8), slot: Slot(slot), kind: kind,
      elements: members.map { member in
        var atoms: [UInt8] = []
        atoms.appendBlob(Array(member.utf8))
        return atoms
      })
  }

  static func list(_ key: String, _ members: [String], slot: Int = 0) -> SyntheticRecord {
    var body: [UInt8] = []
    for member in members { body.appendBlob(Array(member.utf8)) }
    return SyntheticRecord(key: Array(key.utf8), slot: Slot(slot), kind: .list, body: body)
  }

  /// Records of all kinds but libraries, with sizes on both sides of every buffer's limit.
  static func random(count: Int, using random: inout SeededGenerator) -> [SyntheticRecord] {
    (0..<count).map { index in
      var record = SyntheticRecord(
        namespace: ["db0", "db7", "orders"].randomElement(using: &random) ?? "db0",
        key: Array("key:\(index)".utf8) + bytes(Int.random(in: 0...12, using: &random), &random),
        slot: Slot(Int.random(in: 0..<200, using: &random)),
        kind: RecordKind.allCases.filter { $0 != .library }.randomElement(using: &random) ?? .string)
      if Bool.random(using: &random) { record.expiry = Int64.random(in: 0...2_000_000_000_000, using: &random) }
      record.body = bytes([0, 1, 40, 900, 1100, 5000].randomElement(using: &random) ?? 0, &random)
      if record.kind.hasElements {
        let members = Int.random(in: 0...9, using: &random)
        record.elements = (0..<members).map { _ in bytes(Int.random(in: 0...80, using: &random), &random) }
      }
      return record
    }
  }

  private static func bytes(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
  }
}

/// Puts records into batches as an engine would: whole, or cut into pieces, in batches of any size.
enum Batching {
  static func whole(_ records: [SyntheticRecord], perBatch: Int = 64) -> [RecordBatch] {
    var batches: [RecordBatch] = []
    for record in records {
      if batches.last?.namespace != record.namespace || (batches.last?.pieces.count ?? perBatch) >= perBatch {
        batches.append(RecordBatch(namespace: record.namespace))
      }
      batches[batches.count - 1].append(
        key: record.key, slot: record.slot, kind: record.kind, expiry: record.expiry, body: record.body,
        elements: record.elements)
    }
    return batches
  }

  /// Cuts bodies and elements anywhere, and starts a new batch between pieces as often as not.
  static func pieces(_ records: [SyntheticRecord], using random: inout SeededGenerator) -> [RecordBatch] {
    var batches: [RecordBatch] = []
    for record in records {
      var parts: [(body: [UInt8], elements: [(bytes: [UInt8], isOpen: Bool)])] = []
      for body in cut(record.body, &random) { parts.append((body, [])) }
      for element in record.elements {
        let chunks = cut(element, &random)
        for (index, chunk) in chunks.enumerated() {
          let part = (bytes: chunk, isOpen: index < chunks.count - 1)
          if Bool.random(using: &random) {
            parts.append(([], [part]))
          } else {
            parts[parts.count - 1].elements.append(part)
          }
        }
      }
      for (index, part) in parts.enumerated() {
        if batches.last?.namespace != record.namespace || Bool.random(using: &random) {
          batches.append(RecordBatch(namespace: record.namespace))
        }
        append(
          part.body, part.elements, of: record, begins: index == 0, ends: index == parts.count - 1,
          to: &batches[batches.count - 1])
      }
    }
    return batches
  }

  private static func cut(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [[UInt8]] {
    var parts: [[UInt8]] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Int.random(in: 1...rest.count, using: &random)
      parts.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    return parts.isEmpty ? [[]] : parts
  }

  static func append(
    _ body: [UInt8], _ elements: [(bytes: [UInt8], isOpen: Bool)], of record: SyntheticRecord, begins: Bool, ends: Bool,
    to batch: inout RecordBatch
  ) {
    let keyOffset = UInt32(batch.bytes.count)
    batch.bytes += record.key
    let bodyOffset = UInt32(batch.bytes.count)
    batch.bytes += body
    let elementIndex = UInt32(batch.elements.count)
    for element in elements {
      batch.elements.append(
        RecordBatch.Element(
          offset: UInt32(batch.bytes.count), count: UInt32(element.bytes.count), isOpen: element.isOpen))
      batch.bytes += element.bytes
    }
    batch.pieces.append(
      RecordBatch.Piece(
        keyOffset: keyOffset, keyCount: UInt32(record.key.count), bodyOffset: bodyOffset, bodyCount: UInt32(body.count),
        elementIndex: elementIndex, elementCount: UInt32(elements.count), expiry: record.expiry, slot: record.slot,
        kind: record.kind, begins: begins, ends: ends))
  }
}
