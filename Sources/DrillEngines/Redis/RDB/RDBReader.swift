package import DrillModel

/// Reads Redis' snapshot format from a stream of bytes, as it comes: constant memory whatever the stream holds.
package struct RDBReader {
  private let slotOf: (UnsafeRawBufferPointer) -> Slot

  package init(slotOf: @escaping (UnsafeRawBufferPointer) -> Slot = { RedisSlot.slot(of: $0) }) { self.slotOf = slotOf }

  /// Reads all of `source` and hands on the selected records.
  ///
  /// - Throws: what `source` or `handler` throws; damage is a problem in the facts.
  package func read(_ source: any ByteSource, selection: RecordSelection, into handler: RecordHandler) throws -> ReadFacts {
    ReadFacts(problems: [.init(.unsupportedVersion, detail: "no version is read yet")])
  }
}
