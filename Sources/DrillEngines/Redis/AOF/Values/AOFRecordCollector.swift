internal import DrillModel

/// Puts the pieces of records together again and makes values of them.
struct AOFRecordCollector {
  private var body: [UInt8] = []
  private var elements: [[UInt8]] = []
  private var isElementOpen = false

  /// Takes one piece; returns the value where the record ends with it.
  mutating func take(_ piece: RecordBatch.Piece, of batch: RecordBatch) -> AOFValue? {
    if piece.begins { (body, elements, isElementOpen) = ([], [], false) }
    batch.bytes.withUnsafeBufferPointer { bytes in
      body += bytes[Int(piece.bodyOffset)..<Int(piece.bodyOffset + piece.bodyCount)]
      for element in batch.elements[Int(piece.elementIndex)..<Int(piece.elementIndex + piece.elementCount)] {
        let part = bytes[Int(element.offset)..<Int(element.offset + element.count)]
        if isElementOpen { elements[elements.count - 1] += part } else { elements.append(Array(part)) }
        isElementOpen = element.isOpen
      }
    }
    guard piece.ends else { return nil }
    defer { (body, elements) = ([], []) }
    return value(piece.kind)
  }

  private func value(_ kind: RecordKind) -> AOFValue {
    switch kind {
    case .string, .library: return .string(AOFString(Atoms.blob(body)))
    case .list:
      var atoms = Atoms(body)
      var list: [[UInt8]] = []
      while !atoms.isAtEnd { list.append(atoms.blob()) }
      return .list(AOFList(list))
    case .set:
      return .set(AOFSet(Set(elements.map { Atoms.blob($0) })))
    case .hash:
      var fields: [[UInt8]: AOFHash.Field] = [:]
      for element in elements {
        var atoms = Atoms(element)
        let name = atoms.blob()
        fields[name] = AOFHash.Field(value: atoms.blob(), expiry: atoms.isAtEnd ? nil : atoms.integer())
      }
      return .hash(AOFHash(fields))
    case .sortedSet:
      var scores: [[UInt8]: Double] = [:]
      for element in elements {
        var atoms = Atoms(element)
        let member = atoms.blob()
        scores[member] = atoms.real()
      }
      return .sortedSet(AOFSortedSet(scores))
    case .stream: return .stream(stream())
    case .module, .row: return .module(body)
    }
  }

  private func stream() -> AOFStream {
    let stream = AOFStream()
    var atoms = Atoms(body)
    while !atoms.takeNull() {
      let id = atoms.id()
      let count = Int(atoms.integer()) * 2
      stream.append(.init(id: id, words: (0..<count).map { _ in atoms.blob() }))
    }
    stream.lastID = atoms.id()
    for element in elements {
      var atoms = Atoms(element)
      if !atoms.takeNull() {
        let name = atoms.blob()
        stream.groups[name] = AOFStream.Group(lastDelivered: atoms.id())
      } else if !atoms.takeNull() {
        let group = atoms.blob()
        stream.groups[group]?.consumers.insert(atoms.blob())
      } else {
        let group = atoms.blob()
        let id = atoms.id()
        stream.groups[group]?.pending[id] = AOFStream.Pending(
          consumer: atoms.blob(), time: atoms.integer(), deliveries: atoms.integer())
      }
    }
    return stream
  }
}

/// Atoms that this program wrote itself, in their order.
private struct Atoms {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  mutating func takeNull() -> Bool {
    guard bytes[position] == Atom.null else { return false }
    position += 1
    return true
  }

  mutating func integer() -> Int64 { Int64(bitPattern: word(Atom.integer)) }
  mutating func real() -> Double { Double(bitPattern: word(Atom.real)) }
  mutating func id() -> StreamID {
    StreamID(milliseconds: UInt64(bitPattern: integer()), sequence: UInt64(bitPattern: integer()))
  }

  /// The only atom, a blob.
  static func blob(_ bytes: [UInt8]) -> [UInt8] {
    var atoms = Atoms(bytes)
    return atoms.blob()
  }

  mutating func blob() -> [UInt8] {
    let count = Int(word(Atom.blob))
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  private mutating func word(_ tag: UInt8) -> UInt64 {
    precondition(bytes[position] == tag, "a record whose atoms are not those of its kind")
    defer { position += 9 }
    return bytes.withUnsafeBytes {
      UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: position + 1, as: UInt64.self))
    }
  }
}
