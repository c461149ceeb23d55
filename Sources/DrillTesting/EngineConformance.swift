import DrillChecks
public import DrillModel
import Foundation

/// Holds an engine against what the protocols of `DrillModel` oblige it to.
///
/// Give it a small live store of your engine that nobody writes to meanwhile: some hundred records of every kind, over at least two shards where the engine has
/// shards. In a test:
///
/// ```swift
/// let suite = EngineConformance(MyEngine(), cluster: description, operations: questions, folder: temporary)
/// #expect(try await suite.violations() == [])
/// ```
public struct EngineConformance<Subject: Engine>: Sendable {
  public var engine: Subject
  public var cluster: ClusterDescription
  /// Questions that the store can answer, about records that it holds and about some that it does not.
  public var operations: [DrillModel.Operation]
  /// An empty folder of this suite's own, mode 0700.
  public var folder: String
  /// The isolation that the engine's sandboxes reach on this machine.
  public var isolation: Isolation
  /// Decides where damage is planted.
  public var seed: UInt64

  public init(
    _ engine: Subject, cluster: ClusterDescription, operations: [DrillModel.Operation], folder: String,
    isolation: Isolation = .folder, seed: UInt64 = 1
  ) {
    self.engine = engine
    self.cluster = cluster
    self.operations = operations
    self.folder = folder
    self.isolation = isolation
    self.seed = seed
  }

  /// All obligations that are not kept; empty: the engine conforms.
  ///
  /// - Throws: what keeps the suite from looking: the live store cannot be reached, the folder cannot be written.
  public func violations() async throws -> [Violation] {
    let found = Findings()
    try await engine.withLive(cluster) { live in
      let before = try await contents(of: live, found)
      let captured = try await live.capture(cluster.capture, into: try newFolder("captured")) { _ in }
      if try await contents(of: live, found) != before {
        found.add(.liveIsUntouched, "the store's fingerprint is another one after the capture")
      }
      guard checkCapture(captured, found) else { return }
      let artifacts = try await checkArtifacts(captured.files, found)
      if artifacts.reduce(into: Fingerprint(), { $0 += $1 }) != before {
        found.add(.artifactIsCut, "the artifacts together are not what the store's own reader read")
      }
      try checkDamage(captured.files, found)
      try await checkSandbox(captured, artifacts: artifacts, live: live, found)
    }
    return found.all
  }

  // MARK: Capture

  private func checkCapture(_ captured: CapturedBackup, _ found: Findings) -> Bool {
    let shards = captured.topology.shards.map(\.name)
    if captured.files.map(\.shard).sorted() != shards.sorted() {
      found.add(.captureIsWhole, "shards \(shards), artifacts of \(captured.files.map(\.shard))")
    }
    for file in captured.files where !FileManager.default.isReadableFile(atPath: file.path) {
      found.add(.captureIsWhole, "the artifact of shard \(file.shard) is not there")
      return false
    }
    return true
  }

  /// What the store's own reader reads of all its shards.
  private func contents(of store: any Store, _ found: Findings) async throws -> Fingerprint {
    var sum = Fingerprint()
    for shard in store.shards { sum += try await contents(of: store, shard: shard, found).fingerprint }
    return sum
  }

  private func contents(of store: any Store, shard: String, _ found: Findings) async throws -> FoldedRecords {
    let fold = FingerprintFold()
    let facts = try await store.readRecords(shard: shard, selection: .all) { fold.consume($0) }
    let records = fold.finish()
    if !facts.problems.isEmpty { found.add(.recordsAreWhole, "shard \(shard): \(facts.problems[0].detail)") }
    if records.brokenRecords > 0 {
      found.add(.recordsAreWhole, "\(records.brokenRecords) in the store's shard \(shard)")
    }
    if facts.records != records.records {
      found.add(.recordsAreWhole, "\(facts.records) records are stated and \(records.records) were handed on")
    }
    return records
  }

  // MARK: Artifacts

  /// The artifacts' fingerprints, in their order.
  private func checkArtifacts(_ files: [ArtifactFile], _ found: Findings) async throws -> [Fingerprint] {
    let lower = SlotSet(0...(Slot.count / 2 - 1))
    return try files.map { file in
      let (all, facts) = try read(file, .all, found)
      let (again, _) = try read(file, .all, found)
      if all != again { found.add(.readingIsRepeatable, "shard \(file.shard)") }
      let (part, partFacts) = try read(file, .slots(lower), found)
      // Libraries have no slot: they are handed on where all records are selected.
      var expected = all.fingerprint.restricted(to: lower)
      expected.libraries = [:]
      if part.fingerprint != expected {
        found.add(.selectionIsExact, "the lower half of the slots of shard \(file.shard)")
      }
      let size = try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? UInt64 ?? 0
      for bytes in [facts.bytesRead, partFacts.bytesRead] where bytes < size {
        found.add(.everyByteIsRead, "\(bytes) of \(size) bytes of shard \(file.shard)")
      }
      return all.fingerprint
    }
  }

  private func read(
    _ file: ArtifactFile, _ selection: RecordSelection, _ found: Findings
  ) throws -> (FoldedRecords, ReadFacts) {
    let fold = FingerprintFold()
    let facts = try engine.readArtifact(file, selection: selection) { batch in
      fold.consume(batch)
      for piece in batch.pieces where piece.kind != .library {
        let key = batch.bytes[Int(piece.keyOffset)..<Int(piece.keyOffset + piece.keyCount)]
        if engine.slot(ofKey: Array(key)) != piece.slot {
          found.add(.slotIsOfKey, "a record of slot \(piece.slot) in shard \(file.shard)")
        }
      }
    }
    let records = fold.finish()
    if records.brokenRecords > 0 { found.add(.recordsAreWhole, "\(records.brokenRecords) in shard \(file.shard)") }
    return (records, facts)
  }

  // MARK: Damage

  private func checkDamage(_ files: [ArtifactFile], _ found: Findings) throws {
    guard var file = files.first else { return }
    let whole = try Data(contentsOf: URL(fileURLWithPath: file.path))
    file.path = try newFolder("damaged") + "/artifact"
    func looksDamaged(_ bytes: Data) throws -> Bool {
      try bytes.write(to: URL(fileURLWithPath: file.path))
      do {
        let facts = try engine.readArtifact(file, selection: .all) { _ in }
        if case .present(let stored, let computed) = facts.checksum, stored != computed { return true }
        return !facts.problems.isEmpty
      } catch {
        found.add(.damageIsFact, "damage was thrown: \(error)")
        return true
      }
    }
    for cut in [0, 1, whole.count / 2, whole.count - 1] where try !looksDamaged(whole.prefix(cut)) {
      found.add(.damageIsFact, "the first \(cut) of \(whole.count) bytes read without a problem")
    }
    // A byte that says nothing may be flipped unseen (that is what digests are for); what must not happen is a crash, a hang or an error.
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      var bytes = whole
      bytes[bytes.startIndex + generator.index(below: bytes.count)] ^= 1 << UInt8(generator.index(below: 8))
      _ = try looksDamaged(bytes)
    }
    file.path += ".absent"
    do {
      _ = try engine.readArtifact(file, selection: .all) { _ in }
      found.add(.missingFileThrows, "a file that is not there was read")
    } catch let error as DrillError where error.code == .artifactUnreadable {
    } catch {
      found.add(.missingFileThrows, "\(error)")
    }
  }

  // MARK: Sandbox

  private func checkSandbox(
    _ captured: CapturedBackup, artifacts: [Fingerprint], live: any LiveCluster, _ found: Findings
  ) async throws {
    let work = try newFolder("work")
    let request = SandboxRequest(
      files: captured.files, topology: captured.topology, clock: captured.cut.time, folder: work, isolation: isolation)
    let replies = try await answers(of: live, found)
    try await engine.withSandbox(request) { sandbox in
      for (file, expected) in zip(captured.files, artifacts) {
        let held = try await contents(of: sandbox, shard: file.shard, found).fingerprint
        if held != expected { found.add(.sandboxHoldsArtifact, "shard \(file.shard)") }
      }
      if sandbox.facts.isolation < isolation || sandbox.facts.isolationDetail.isEmpty {
        found.add(.sandboxIsIsolated, "\(sandbox.facts.isolation): \(sandbox.facts.isolationDetail)")
      }
      let timed = Set(sandbox.facts.phases.map(\.phase))
      if !timed.isSuperset(of: [.load, .ready]) {
        found.add(.sandboxPhasesAreTimed, "\(timed.map(\.rawValue).sorted())")
      }
      let own = try await answers(of: sandbox, found)
      for (operation, (theirs, ours)) in zip(operations, zip(replies, own)) where !isSame(theirs, ours) {
        found.add(.answersAgree, "\(operation.name) in slot \(operation.slot)")
      }
      let hurried = try await sandbox.withSession { await $0.perform(operations, timeout: .nanoseconds(1)) }
      for (operation, (timed, answer)) in zip(operations, zip(hurried, own)) {
        // Whoever is faster than a clock can tell may answer, but then rightly.
        if case .answered = timed.reply, !isSame(timed.reply, answer) {
          found.add(.timeOutIsIndeterminate, "\(operation.name) was answered otherwise when there was no time")
        }
      }
    }
    try checkEmpty(work, "when it ended", found)
    do {
      try await engine.withSandbox(request) { _ in throw Stop() }
    } catch is Stop {}
    try checkEmpty(work, "when its closure threw", found)
  }

  private func answers(of store: any Store, _ found: Findings) async throws -> [Reply] {
    let replies = try await store.withSession { await $0.perform(operations, timeout: .seconds(30)) }
    if replies.count != operations.count {
      found.add(.repliesMatchOperations, "\(replies.count) replies to \(operations.count) operations")
    }
    return replies.map(\.reply)
  }

  private func isSame(_ a: Reply, _ b: Reply) -> Bool {
    guard case .answered(let a) = a, case .answered(let b) = b else { return false }
    return a.canonicalBytes == b.canonicalBytes
  }

  private func checkEmpty(_ work: String, _ moment: String, _ found: Findings) throws {
    let left = try FileManager.default.subpathsOfDirectory(atPath: work)
    if !left.isEmpty { found.add(.sandboxIsGone, "\(left.count) files were left \(moment)") }
  }

  private func newFolder(_ name: String) throws -> String {
    let path = folder + "/" + name
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    return path
  }
}

/// What the suite throws into a sandbox's closure.
private struct Stop: Error {}
