import DrillChecks
import DrillEvidence
import DrillModel

/// Reads one artifact in full and keeps the records of a key, without their values.
struct KeySearch: Sendable {
  /// The key in the forms that it may have; empty where only its redacted name is known.
  var keys: Set<[UInt8]>
  var redacted: String?
  var redactor: KeyRedactor

  struct Match: Sendable {
    var namespace: String
    var slot: Slot
    var key: [UInt8]
    var kind: RecordKind
    var content: Digest
    /// Milliseconds since 1970, or `RecordBatch.noExpiry`.
    var expiry: Int64
  }

  /// Blocks a thread of its own.
  func search(
    _ file: ArtifactFile, engine: any Engine, events: @escaping DrillEventHandler
  ) async throws -> ([Match], ReadFacts) {
    let report = RecordProgress(events)
    let selection: RecordSelection =
      redacted == nil ? .slots(SlotSet(keys.map { engine.slot(ofKey: $0) })) : .all
    return try await onThread {
      var digester = RecordDigester()
      var matches: [Match] = []
      let facts = try engine.readArtifact(file, selection: selection) { batch in
        report.count(batch)
        digester.digest(batch) { record in
          guard record.kind != .library else { return }
          let key = Array(batch.bytes[record.key])
          guard isWanted(key) else { return }
          matches.append(
            Match(
              namespace: batch.namespace, slot: record.slot, key: key, kind: record.kind, content: record.content,
              expiry: record.expiry))
        }
        if report.isCancelled { throw CancellationError() }
      }
      return (matches, facts)
    } onCancel: {
      report.cancel()
    }
  }

  private func isWanted(_ key: [UInt8]) -> Bool {
    if let redacted { return redactor.redact(key).text == redacted }
    return keys.contains(key)
  }
}
