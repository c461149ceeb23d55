internal import DrillCrypto
internal import DrillModel

/// Which keys or elements were seen already, by the first 128 bits of their SHA-256: 16 bytes each, at a load of at
/// most three quarters.
///
/// Its memory is bounded by reading in *passes*: each pass takes only what belongs to its share of the hash space, so
/// that a set never holds much more than ``capacity`` entries whatever there is to read.
struct SeenSet {
  /// 64 MiB of table.
  static let capacity: UInt64 = 2 << 20

  /// How many passes `count` entries take.
  static func passes(for count: UInt64, capacity: UInt64 = capacity) -> Int {
    Int(max(1, (count + capacity - 1) / capacity))
  }

  struct Hash {
    var high: UInt64
    var low: UInt64

    init(_ bytes: [UInt8]) {
      let digest = SHA256.digest(bytes)
      // Zero marks a free place.
      (high, low) = (digest.words.0, digest.words.1 | 1)
    }

    /// The pass of `passes` that this belongs to.
    func pass(of passes: Int) -> Int { passes == 1 ? 0 : Int(((high >> 32) * UInt64(passes)) >> 32) }
  }

  private var table: [(UInt64, UInt64)] = Array(repeating: (0, 0), count: 1024)
  private(set) var count = 0

  /// Returns whether it was not there before.
  mutating func insert(_ hash: Hash) -> Bool {
    if (count + 1) * 4 > table.count * 3 { grow() }
    let index = place(of: hash)
    guard table[index].1 == 0 else { return false }
    table[index] = (hash.high, hash.low)
    count += 1
    return true
  }

  mutating func removeAll() {
    count = 0
    for index in table.indices { table[index] = (0, 0) }
  }

  private func place(of hash: Hash) -> Int {
    let mask = table.count - 1
    // The high word chooses the pass, the low one the place.
    var index = Int(truncatingIfNeeded: hash.low >> 1) & mask
    while table[index].1 != 0 && table[index] != (hash.high, hash.low) { index = (index + 1) & mask }
    return index
  }

  private mutating func grow() {
    let old = table
    table = Array(repeating: (0, 0), count: old.count * 2)
    for entry in old where entry.1 != 0 {
      var hash = Hash([])
      (hash.high, hash.low) = entry
      table[place(of: hash)] = entry
    }
  }
}
