/// Where a reader's bytes come from, in order: a file, a replication stream.
package protocol ByteSource {
  /// Waits for bytes and puts them at the start of `buffer`.
  ///
  /// Returns how many were put there, at least one; 0 only at the end, and again whenever it is asked after the end.
  /// MAY put fewer than fit.
  ///
  /// - Throws: `DrillError` when the bytes cannot be had; it passes through the reader unchanged.
  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}
