internal import Glibc

/// Scores as text.
enum ScoreText {
  /// Takes a score of `count` bytes, which come next in the window, at most 127 of them. Source: redis 7.0 src/t_zset.c
  /// `zzlGetScore`.
  static func take(_ count: UInt64, from window: ByteWindow) throws -> Double {
    guard count < 128 else { throw RDBDamage("a score that is not a number") }
    try window.require(Int(count))
    return try read(try window.some(limit: count))
  }

  /// Reads a score as the server does, which stores text that `strtod` turns back into the same number.
  ///
  /// - Throws: `RDBDamage` unless all of `text` is a number.
  /// Source: redis 7.0 src/t_zset.c `zzlStrtod`.
  static func read(_ text: UnsafeRawBufferPointer) throws -> Double {
    let score = withUnsafeTemporaryAllocation(of: CChar.self, capacity: text.count + 1) { copy -> Double? in
      guard let start = copy.baseAddress, !text.isEmpty else { return nil }
      UnsafeMutableRawBufferPointer(copy).copyMemory(from: text)
      copy[text.count] = 0
      var end: UnsafeMutablePointer<CChar>?
      let score = strtod(start, &end)
      return end == start + text.count ? score : nil
    }
    guard let score else { throw RDBDamage("a score that is not a number") }
    return score
  }
}
