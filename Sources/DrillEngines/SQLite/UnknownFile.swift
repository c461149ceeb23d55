/// What a file may be that is no database: words for whoever has to find out.
enum UnknownFile {
  /// - Parameter head: the file's first 4096 bytes, or fewer.
  static func words(for head: [UInt8]) -> String {
    if head.isEmpty { return "the file is empty" }
    if let packed = packers.first(where: { head.starts(with: $0.magic) }) {
      return "not an SQLite database but a \(packed.name) file; unpack it before it is sealed"
    }
    if head.starts(with: "REDIS".utf8) || head.starts(with: "VALKEY".utf8) {
      return "not an SQLite database but an RDB file"
    }
    if head.starts(with: [0x37, 0x7f, 0x06, 0x82]) || head.starts(with: [0x37, 0x7f, 0x06, 0x83]) {
      return "not an SQLite database but the write-ahead log of one"
    }
    if hasHeaderFields(head) {
      return looksRandom(head.dropFirst(DatabaseHeader.count))
        ? "encrypted, but for the page size in its head: it has to be decrypted with its key before it is sealed"
        : "the first 16 bytes are not an SQLite database's, and what follows is: its head was overwritten"
    }
    if looksRandom(head[...]) {
      return
        "encrypted, or not an SQLite database: no magic, and its bytes look random; if it is encrypted, decrypt it with its key"
        + " before it is sealed"
    }
    return "not an SQLite database"
  }

  /// Words for a database whose head is whole and whose first page does not read; nil where it does not look encrypted.
  static func words(forPlainHead head: [UInt8]) -> String? {
    looksRandom(head.dropFirst(DatabaseHeader.count))
      ? "encrypted behind a head that is not: it has to be decrypted with its key before it is sealed" : nil
  }

  /// The fields behind the magic: the page size, and three that never change.
  /// Source: https://www.sqlite.org/fileformat2.html, section 1.3
  private static func hasHeaderFields(_ head: [UInt8]) -> Bool {
    guard head.count >= DatabaseHeader.count else { return false }
    return DatabaseHeader(DatabaseHeader.magic + head[16...]) != nil && Array(head[21...23]) == [64, 32, 32]
  }

  private static let packers: [(magic: [UInt8], name: String)] = [
    ([0x1f, 0x8b], "gzip"), ([0x28, 0xb5, 0x2f, 0xfd], "zstd"), ([0xfd, 0x37, 0x7a, 0x58, 0x5a], "xz"),
    ([0x42, 0x5a, 0x68], "bzip2"), ([0x50, 0x4b, 0x03, 0x04], "zip"), ([0x04, 0x22, 0x4d, 0x18], "lz4"),
  ]

  /// Whether the bytes are as evenly spread as those of a cipher: chi-square over byte values, whose expectation is 255 with a
  /// deviation of 22.6, within six deviations. Too few bytes tell nothing.
  private static func looksRandom(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard bytes.count >= 400 else { return false }
    var counts = [Double](repeating: 0, count: 256)
    for byte in bytes { counts[Int(byte)] += 1 }
    let expected = Double(bytes.count) / 256
    let chiSquare = counts.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
    return (119...391).contains(chiSquare)
  }
}
