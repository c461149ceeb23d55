import DrillCrypto
package import DrillModel

/// The key of a row: the atoms of its primary key's columns in the key's order, or the rowid as an integer atom.
package enum RowKey {
  /// The slot of a row: the first 14 bits of the SHA-256 of the key's *first atom*. The first column is the partition
  /// key, as in Cassandra's and DynamoDB's tables: rows of all tables that share it (a customer's orders and sessions)
  /// share a slot, and so a shard.
  package static func slot(ofKey key: UnsafeRawBufferPointer) -> Slot {
    slot(ofFirstAtom: UnsafeRawBufferPointer(rebasing: key[..<firstAtomCount(key)]))
  }

  @inline(__always)
  static func slot(ofFirstAtom atom: UnsafeRawBufferPointer) -> Slot {
    Slot(rawValue: UInt16(truncatingIfNeeded: SHA256.digest(atom).words.0 >> 50))
  }

  /// Bytes that the first atom takes; all of the key where it is no sequence of atoms.
  static func firstAtomCount(_ key: UnsafeRawBufferPointer) -> Int {
    guard let tag = key.first else { return 0 }
    switch tag {
    case Atom.null: return 1
    case Atom.integer, Atom.real: return min(9, key.count)
    case Atom.text, Atom.blob:
      guard key.count >= 9 else { return key.count }
      let count = UInt64(littleEndian: key.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
      return count > UInt64(key.count - 9) ? key.count : 9 + Int(count)
    default: return key.count
    }
  }

  /// A key's column, as ``values(of:)`` reads it back.
  enum Value {
    case null
    case integer(Int64)
    case real(Double)
    case text(ArraySlice<UInt8>)
    case blob(ArraySlice<UInt8>)
  }

  /// The columns of an encoded key; nil where it is no sequence of atoms.
  static func values(of key: [UInt8]) -> [Value]? {
    var values: [Value] = []
    var rest = key[...]
    func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    while let tag = rest.popFirst() {
      if tag == Atom.null {
        values.append(.null)
        continue
      }
      guard rest.count >= 8 else { return nil }
      let head = word(rest)
      rest = rest.dropFirst(8)
      switch tag {
      case Atom.integer: values.append(.integer(Int64(bitPattern: head)))
      case Atom.real: values.append(.real(Double(bitPattern: head)))
      case Atom.text, Atom.blob:
        guard head <= UInt64(rest.count) else { return nil }
        let bytes = rest.prefix(Int(head))
        rest = rest.dropFirst(Int(head))
        values.append(tag == Atom.text ? .text(bytes) : .blob(bytes))
      default: return nil
      }
    }
    return values
  }
}
