/// One command as it stands in a log, in memory that the next one takes over.
final class AOFCommand {
  private let bytes = GrowingBuffer<UInt8>(capacity: 4096)
  private var ends: [Int] = []

  /// Words, the command's name first.
  var count: Int { ends.count }
  /// Bytes of all words.
  var byteCount: Int { bytes.count }

  func clear() {
    bytes.count = 0
    bytes.shrink(to: 1 << 20)
    ends.removeAll(keepingCapacity: true)
  }

  func append(_ part: UnsafeRawBufferPointer) {
    guard let start = part.baseAddress else { return }
    bytes.reserve(part.count)
    UnsafeMutableRawPointer(bytes.base + bytes.count).copyMemory(from: start, byteCount: part.count)
    bytes.count += part.count
  }

  func endWord() { ends.append(bytes.count) }

  /// Valid until the next command is read.
  subscript(index: Int) -> UnsafeRawBufferPointer {
    let start = index == 0 ? 0 : ends[index - 1]
    return UnsafeRawBufferPointer(start: bytes.base + start, count: ends[index] - start)
  }

  func array(_ index: Int) -> [UInt8] { Array(self[index]) }
  func arrays(_ range: Range<Int>) -> [[UInt8]] { range.map { array($0) } }

  /// A word in capitals; empty for one that is longer than any keyword.
  func keyword(_ index: Int) -> String {
    let word = self[index]
    guard word.count <= 40 else { return "" }
    return String(decoding: word.lazy.map { (0x61...0x7a).contains($0) ? $0 - 32 : $0 }, as: UTF8.self)
  }

  /// The database that it selects for those that follow; nil for any other command.
  var selectedDatabase: UInt32? {
    keyword(0) == "SELECT" ? AOFCommandTable.database(self, 1).map { UInt32($0) } : nil
  }

  /// A whole number exactly as the server writes it; nil for anything else. Source: redis 7.0 src/util.c `string2ll`.
  func integer(_ index: Int) -> Int64? { AOFNumber.integer(self[index]) }
  func real(_ index: Int) -> Double? { AOFNumber.real(self[index]) }
}
