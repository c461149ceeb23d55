package import DrillModel

/// Reads an append-only log, of one file or of several, and hands on the records that are there after its last whole
/// command, in canonical form.
///
/// Two passes: the first finds where the log ends and which keys its commands touch; the second streams the snapshot
/// that the log begins with, keeps the touched records and hands on the others as they come. Then the commands are done
/// to what was kept. So memory is bounded by what the commands touch, not by the snapshot; a log without a snapshot
/// touches all it holds.
package struct AOFReader: Sendable {
  /// Bytes that a log's commands may make beyond those that they carry: a command of 40 bytes makes a string of 512 MiB
  /// (`SETRANGE`), or copies one. What is beyond is left out, and said to be.
  package static let madeLimit = 4 << 30

  private let makes: Int
  private let slotOf: @Sendable (UnsafeRawBufferPointer) -> Slot

  /// - Parameters:
  ///   - slotOf: the slot of a key; Redis Cluster's by default.
  ///   - makes: instead of ``madeLimit``.
  package init(
    slotOf: @escaping @Sendable (UnsafeRawBufferPointer) -> Slot = { RedisSlot.slot(of: $0) }, makes: Int = madeLimit
  ) {
    self.makes = makes
    self.slotOf = slotOf
  }

  /// Reads all of the log, whatever the selection.
  ///
  /// A log that is damaged in its middle hands on nothing: the facts hold the problem with file and offset. Commands that
  /// a server would answer with an error change nothing; those that are not modelled leave their keys out, and the facts
  /// say which. Expiries are kept as they are, passed or not: a server that loads a log removes nothing by itself.
  ///
  /// - Throws: `DrillError` where a file cannot be read, and for a command that is not known; what `handler` throws.
  package func read(
    _ artifact: ArtifactFile, upTo point: AOFPoint = .end, selection: RecordSelection, into handler: RecordHandler
  ) throws -> ReadFacts {
    let layout = try AOFLayout(artifact)
    let scan = try AOFScan(layout, upTo: point)
    var facts = scan.snapshot?.facts ?? ReadFacts()
    facts.bytesRead = layout.sizeBytes
    facts.checksumBytes = scan.snapshot?.bytes ?? 0
    facts.records = 0
    facts.opaqueRecords = 0
    facts.problems = scan.problems
    facts.notes += scan.notes
    facts.leftOutBytes = [
      .tornTail: scan.tornBytes, .notLoaded: layout.historyBytes, .afterPoint: scan.laterBytes + layout.leftBytes,
    ]
    .filter { $0.value > 0 }
    guard scan.problems.isEmpty else { return facts }
    try withoutActuallyEscaping(handler) { handler in
      try AOFReplay(scan, selection: selection, makes: makes, slotOf: slotOf, handler: handler).run(&facts)
    }
    return facts
  }
}
