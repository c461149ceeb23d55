public import DrillModel

/// Plants seeded faults in batches of records, and proves that they are there.
///
/// Only records that lie whole in one batch, and of which a reader on both sides sees the value: neither libraries nor values of modules.
public struct RecordFaultInjector: Sendable {
  private var random: SeededGenerator

  public init(_ random: SeededGenerator) { self.random = random }

  /// A record with a fault.
  public struct Planted: Hashable, Sendable {
    public var fault: RecordFault
    public var namespace: String
    /// The slot in which the difference shows: where the record was, or where it was moved to.
    public var slot: Slot
  }

  /// Plants a fault in one record of `batches`, drawn by the seed.
  ///
  /// - Parameters:
  ///   - slots: where the fault may show.
  ///   - target: where a record is moved to; used by ``RecordFault/moved`` alone.
  /// - Returns: nil where no record of them can have the fault.
  /// - Throws: `io` where the fault changed nothing.
  public mutating func plant(
    _ fault: RecordFault, in batches: inout [RecordBatch], among slots: SlotSet = .all, to target: Slot? = nil
  ) throws -> Planted? {
    let places = batches.indices.flatMap { batch in
      batches[batch].pieces.indices.lazy.filter { [batches] in
        let piece = batches[batch].pieces[$0]
        return slots.contains(piece.slot) && RecordFaultInjector.canHave(fault, piece, to: target)
      }.map { (batch: batch, piece: $0) }
    }
    guard !places.isEmpty else { return nil }
    let place = places[random.index(below: places.count)]
    let before = batches[place.batch]
    let namespace = before.namespace
    let slot = target.flatMap { fault == .moved ? $0 : nil } ?? before.pieces[place.piece].slot
    change(fault, &batches[place.batch], place.piece, to: slot)
    guard !RecordFaultInjector.isSame(before, batches[place.batch]) else {
      throw DrillError(.io, subject: fault.rawValue, detail: "no fault was planted: the record is as it was")
    }
    return Planted(fault: fault, namespace: namespace, slot: slot)
  }

  private static func canHave(_ fault: RecordFault, _ piece: RecordBatch.Piece, to target: Slot?) -> Bool {
    guard piece.begins, piece.ends, piece.kind != .library, piece.kind != .module else { return false }
    return switch fault {
    case .dropped, .added: true
    case .valueChanged: piece.bodyCount + piece.elementCount > 0
    case .kindChanged: other(than: piece.kind) != nil
    case .expiryMoved, .expiryRemoved: piece.expiry != RecordBatch.noExpiry && piece.expiry != .max
    case .moved: target != nil && piece.slot != target
    }
  }

  /// One that is encoded as that one is.
  private static func other(than kind: RecordKind) -> RecordKind? {
    RecordKind.allCases.first {
      $0 != kind && $0.hasElements == kind.hasElements && $0 != .library && $0 != .module
    }
  }

  private mutating func change(_ fault: RecordFault, _ batch: inout RecordBatch, _ index: Int, to slot: Slot) {
    let piece = batch.pieces[index]
    switch fault {
    case .dropped: batch.pieces.remove(at: index)
    case .added:
      // Longer than the record's own key, so that it is none of the batch's by more than chance.
      var key = Array(batch.bytes[Int(piece.keyOffset)..<Int(piece.keyOffset + piece.keyCount)])
      for _ in 0..<8 { key.append(UInt8(random.next(below: 256))) }
      var more = piece
      more.keyOffset = UInt32(batch.bytes.count)
      more.keyCount = UInt32(key.count)
      batch.bytes += key
      batch.pieces.append(more)
    case .valueChanged:
      let values = ranges(of: piece, in: batch).filter { !$0.isEmpty }
      let length = values.reduce(0) { $0 + $1.count }
      var offset = random.index(below: max(1, length))
      for range in values {
        if offset < range.count {
          batch.bytes[range.lowerBound + offset] ^= UInt8(1 + random.next(below: 255))
          return
        }
        offset -= range.count
      }
    case .kindChanged: batch.pieces[index].kind = RecordFaultInjector.other(than: piece.kind) ?? piece.kind
    case .expiryMoved: batch.pieces[index].expiry += 1
    case .expiryRemoved: batch.pieces[index].expiry = RecordBatch.noExpiry
    case .moved: batch.pieces[index].slot = slot
    }
  }

  private func ranges(of piece: RecordBatch.Piece, in batch: RecordBatch) -> [Range<Int>] {
    let elements = Int(piece.elementIndex)..<Int(piece.elementIndex + piece.elementCount)
    return [Int(piece.bodyOffset)..<Int(piece.bodyOffset + piece.bodyCount)]
      + batch.elements[elements].map { Int($0.offset)..<Int($0.offset + $0.count) }
  }

  /// By what the batches hold, not by what anybody makes of it.
  private static func isSame(_ a: RecordBatch, _ b: RecordBatch) -> Bool {
    a.bytes == b.bytes && a.pieces.count == b.pieces.count
      && zip(a.pieces, b.pieces).allSatisfy { $0.slot == $1.slot && $0.kind == $1.kind && $0.expiry == $1.expiry }
  }
}
