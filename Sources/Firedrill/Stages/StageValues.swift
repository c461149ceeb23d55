import DrillChecks
import DrillModel
import DrillReplay

/// A backup's files as they lie in the catalog.
struct StoredBackup: Sendable {
  var backup: DrilledBackup
  /// Data artifacts that are plain files, whole or not.
  var data: [NamedFile]
  /// Names of artifacts whose bytes are what was sealed.
  var intact: Set<String>
  /// The links of its chain, oldest first; empty for a full backup.
  var links: [StoredLink] = []
  /// Where artifacts that were stored encoded lie decoded, by their names.
  var opened: [String: String] = [:]

  var manifest: Manifest { backup.manifest }
}

/// A data artifact by its name in the manifest, as a file of this machine.
struct NamedFile: Sendable {
  var name: String
  var file: ArtifactFile
}

/// A backup as our reader decoded it.
struct Decoded: Sendable {
  var backup: DrilledBackup
  var artifacts: [DecodedArtifact]
  /// Records that lie on both sides of a move, by slot: they count once.
  var doubles: [Slot: UInt64] = [:]
  /// Where artifacts that were stored encoded lie decoded, by their names.
  var opened: [String: String] = [:]

  var manifest: Manifest { backup.manifest }
}

/// What a captured reference says, from artifacts whose bytes are what was sealed.
struct ReferenceData: Sendable {
  var independentReaders = 0
  var counts: SlotCounts?
  var fingerprint: Fingerprint?
  var answers: AnswerSheet?
}

/// What sandboxes held and answered, all waves together.
struct Restored: Sendable {
  var decoded: Decoded
  var held: [String: FoldedRecords] = [:]
  /// What of that the artifacts' reader can tell: of the shards of which it left records out.
  var comparable: [String: FoldedRecords] = [:]
  var read: [String: ReadFacts] = [:]
  /// Differing keys (left: artifact, right: sandbox) of the shards that differ.
  var keyDiffs: [String: KeyDiff] = [:]
  /// Records that were read back from two servers of a wave.
  var doubled: [Finding] = []
  var facts: SandboxFacts?
  var phases: [PhaseTiming] = []
  /// All shards' records together.
  var folded: FoldedRecords
  /// The slots of which every record was restored.
  var slots: SlotSet { manifest.topology.slotsWhole(in: Set(held.keys)) }
  /// The slots of which every record lay in one wave, so that questions about them could be put.
  var asked = SlotSet()
  var sheet = Replayed()
  var live = Replayed()
  /// Nil where nothing was put under load.
  var load: LoadPart?
  /// Why a sandbox could not be put under load.
  var loadObstacles: [DrillError] = []
  /// Nil where the drill asks nothing about users.
  var access: AccessPart?

  init(decoded: Decoded, seed: UInt64) {
    self.decoded = decoded
    folded = FoldedRecords(seed: seed, sampleSize: 0)
  }

  var manifest: Manifest { decoded.manifest }
  /// What a live server counted at the cut: what was restored, and what had expired and was still there. Sound since the sandboxes were held against the
  /// artifacts without the latter.
  var countable: [String: Fingerprint] {
    Dictionary(
      uniqueKeysWithValues: decoded.artifacts.compactMap { artifact in
        guard var sum = held[artifact.file.shard]?.fingerprint else { return nil }
        sum += artifact.expired.fingerprint
        return (artifact.file.shard, sum)
      })
  }
  /// The artifacts of the shards that were restored.
  var files: [ArtifactFile] { decoded.artifacts.map(\.file).filter { held[$0.shard] != nil } }
  /// Readers that are independent of each other: ours of the file, and the server's where there is one.
  var readers: Int { decoded.manifest.engine == "sqlite" ? 1 : 2 }

  /// Of all questions that the sandboxes answered; nil where there were none.
  var latency: Run.Latency? {
    guard var sum = sheet.latency ?? live.latency else { return nil }
    if sheet.latency != nil, let more = live.latency { sum.merge(more) }
    var summary = sum.summary(side: "sandbox")
    var offered = sheet.offered ?? live.offered
    if sheet.offered != nil, let more = live.offered { offered?.merge(more) }
    summary.offered = offered?.summary
    return summary
  }

  mutating func absorb(_ wave: RestoredWave) {
    for (shard, records) in wave.held {
      held[shard] = records
      folded += records
    }
    asked = asked.union(manifest.topology.slotsWhole(in: Set(wave.held.keys)))
    comparable.merge(wave.comparable) { $1 }
    read.merge(wave.read) { $1 }
    keyDiffs.merge(wave.keyDiffs) { $1 }
    doubled += wave.doubled
    phases += wave.phases
    sheet.absorb(wave.sheet)
    live.absorb(wave.live)
    if let more = wave.load { if load == nil { load = more } else { load?.absorb(more) } }
    if let more = wave.access { if access == nil { access = more } else { access?.absorb(more) } }
    loadObstacles += wave.loadObstacle.map { [$0] } ?? []
    facts =
      facts.map { known in
        var merged = known
        merged.isolation = min(known.isolation, wave.facts.isolation)
        // Waves may run on different servers; a clock that one of them lets run is not held.
        if known.clockHeld, !wave.facts.clockHeld {
          (merged.clockHeld, merged.isolationDetail) = (false, wave.facts.isolationDetail)
        }
        if let more = wave.facts.proof {
          if merged.proof == nil { merged.proof = more } else { merged.proof?.add(more) }
        }
        if merged.isolation < known.isolation { merged.isolationDetail = wave.facts.isolationDetail }
        if !known.server.contains(wave.facts.server) { merged.server += ", " + wave.facts.server }
        merged.phases += wave.facts.phases
        return merged
      } ?? wave.facts
  }
}

/// Operations with what a store answered to them.
struct Replayed: Sendable {
  private(set) var answers: [Operation: RecordedAnswer] = [:]
  /// In the order in which they were asked.
  private(set) var operations: [Operation] = []
  private(set) var latency: LatencyRecord?
  private(set) var offered: OfferedLoad?

  mutating func absorb(_ result: ReplayResult?) {
    guard let result else { return }
    operations += result.operations
    for (operation, answer) in zip(result.operations, result.answers) { answers[operation] = answer }
    if latency == nil { latency = result.latency } else { latency?.merge(result.latency) }
    guard let more = result.offered else { return }
    if offered == nil { offered = more } else { offered?.merge(more) }
  }
}
