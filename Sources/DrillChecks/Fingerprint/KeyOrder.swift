/// Keys in the order of their bytes.
struct KeyOrder: Comparable {
  let bytes: [UInt8]
  init(_ bytes: [UInt8]) { self.bytes = bytes }
  static func < (a: KeyOrder, b: KeyOrder) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}
