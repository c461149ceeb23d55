internal import DrillModel

/// The keys that a log's commands touch, told from all others without an allocation for each key that is asked about.
struct AOFTouchedKeys {
  private var keys: [Int: [UInt64: [[UInt8]]]] = [:]
  /// Databases of the snapshot of which nothing is left, whatever is in them.
  private(set) var emptied: Set<Int> = []
  private(set) var areAllEmptied = false
  /// What the snapshot's databases are called after all: the log's number of each, by the snapshot's.
  private var origins: [Int: Int] = [:]

  /// The database of the snapshot that a number stands for now.
  private func origin(_ number: Int) -> Int { origins[number] ?? number }

  mutating func touch(_ key: UnsafeRawBufferPointer, in number: Int) {
    let hash = AOFTouchedKeys.hash(key)
    let database = origin(number)
    guard !contains(key, hash, in: database) else { return }
    keys[database, default: [:]][hash, default: []].append(Array(key))
  }

  mutating func empty(_ number: Int) { emptied.insert(origin(number)) }
  mutating func emptyAll() { areAllEmptied = true }

  mutating func swap(_ a: Int, _ b: Int) { (origins[a], origins[b]) = (origin(b), origin(a)) }

  /// The number that a database of the snapshot has in the end.
  func number(of database: Int) -> Int { origins.first { $0.value == database }?.key ?? database }

  /// Whether nothing of a database of the snapshot is left but what commands put there.
  func isEmptied(_ database: Int) -> Bool { areAllEmptied || emptied.contains(database) }

  func isTouched(in database: Int) -> Bool { keys[database] != nil }

  func contains(_ key: UnsafeRawBufferPointer, in database: Int) -> Bool {
    contains(key, AOFTouchedKeys.hash(key), in: database)
  }

  private func contains(_ key: UnsafeRawBufferPointer, _ hash: UInt64, in database: Int) -> Bool {
    guard let candidates = keys[database]?[hash] else { return false }
    return candidates.contains { candidate in candidate.withUnsafeBytes { $0.elementsEqual(key) } }
  }

  /// FNV-1a over words of eight bytes: to find candidates, which are then compared.
  private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(bytes.count)
    var index = 0
    while index + 8 <= bytes.count {
      hash = (hash ^ bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) &* 0x0000_0100_0000_01b3
      hash ^= hash &>> 29
      index += 8
    }
    while index < bytes.count {
      hash = (hash ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01b3
      index += 1
    }
    return hash ^ hash &>> 32
  }
}
