package import DrillModel

/// Reads Redis' snapshot format from a stream of bytes as it comes, and hands on its records in canonical form.
///
/// Memory is constant (about 4 MiB) whatever the stream holds, but for three things that have to be held whole: a key,
/// the names of a stream's group and
/// consumer, and 33 bytes for each pending entry of one group. Nothing is allocated on the word of a length in the
/// stream.
package struct RDBReader: Sendable {
  private let slotOf: @Sendable (UnsafeRawBufferPointer) -> Slot

  /// - Parameter slotOf: the slot of a key; Redis Cluster's by default.
  package init(slotOf: @escaping @Sendable (UnsafeRawBufferPointer) -> Slot = { RedisSlot.slot(of: $0) }) {
    self.slotOf = slotOf
  }

  /// Reads all of `source`, in one pass, and hands on the selected records in the order in which they stand there.
  ///
  /// Records larger than a batch come in pieces. After damage nothing more is read: the facts hold the problem with its
  /// offset, the checksum is absent, and a
  /// record that had begun never ends. Whether the checksum fits is known only after the last record: the facts tell.
  /// Function libraries have no slot; they are handed on where all records are selected, with slot 0, in the namespace
  /// at hand.
  /// The facts count all records, libraries included, whatever the selection.
  ///
  /// - Throws: what `source` or `handler` throws. Never for what the bytes say.
  package func read(
    _ source: any ByteSource, selection: RecordSelection, into handler: RecordHandler
  ) throws -> ReadFacts {
    try withoutActuallyEscaping(handler) { handler in
      let parser = RDBParser(source, records: RecordBuilder(selection: selection, slotOf: slotOf, handler: handler))
      try parser.run()
      return parser.facts
    }
  }
  /// Reads the snapshot that `source` begins with, and no more: what follows it is another format's. The facts' bytes
  /// read are the snapshot's.
  func readPreamble(
    _ source: any ByteSource, selection: RecordSelection, into handler: RecordHandler
  ) throws -> ReadFacts {
    try withoutActuallyEscaping(handler) { handler in
      let parser = RDBParser(
        source, records: RecordBuilder(selection: selection, slotOf: slotOf, handler: handler), isPreamble: true)
      try parser.run()
      return parser.facts
    }
  }
}
