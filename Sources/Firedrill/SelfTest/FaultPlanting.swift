import DrillChecks
import DrillFaults
import DrillModel

/// Draws faults by seed, over all that a run reached, plants them and holds what the run's checks find against what they should.
struct FaultPlanting {
  let ground: SelfTestGround
  let runner: DrillRunner
  /// A folder of its own.
  let folder: String
  var random: SeededGenerator
  var bytesCopied: UInt64 = 0
  private var copies = 0
  /// The faults of each part, the next one first.
  private var queues: [SelfTest.Part: [Fault]] = [:]
  /// The records that faults are planted in; read once.
  var beginning: ArtifactBeginning?

  /// Of an artifact that is larger, only so much of its beginning is copied.
  static let mostCopied: UInt64 = 64 << 20

  enum Fault: Hashable {
    case manifestField
    case manifestKey
    case artifact(ArtifactFault)
    case record(RecordFault)
    case answer
  }

  init(in ground: SelfTestGround, for runner: DrillRunner, below folder: String) {
    self.ground = ground
    self.runner = runner
    self.folder = folder
    // The same faults for the same backup, and others for the next one.
    random = SeededGenerator(seed: runner.drill.seed, purpose: "self-test of \(ground.backup.manifest.backup)")
  }

  var manifest: Manifest { ground.decoded?.manifest ?? ground.backup.manifest }

  /// - Parameter asked: how many faults; parts take turns.
  /// - Throws: `DrillError` where a fault could not be planted though it should, and where a copy could not be made.
  mutating func plant(_ asked: Int) async throws -> SelfTest {
    var test = SelfTest(seed: runner.drill.seed, asked: asked)
    var parts: [SelfTest.Part] = []
    for part in SelfTest.Part.allCases {
      if let reason = reasonAgainst(part) {
        test.omitted.append(SelfTest.Omission(part, reason: reason))
      } else {
        var queue = faults(of: part)
        random.shuffle(&queue)
        queues[part] = queue
        parts.append(part)
      }
    }
    random.shuffle(&parts)
    while test.planted.count < asked, !parts.isEmpty {
      for part in parts where test.planted.count < asked {
        try Task.checkCancellation()
        if let planted = try await plantNext(in: part) {
          test.planted.append(planted)
        } else {
          test.omitted.append(SelfTest.Omission(part, reason: "nothing in it can have one of its faults"))
          parts.removeAll { $0 == part }
        }
      }
    }
    test.bytesCopied = bytesCopied
    return test
  }

  /// Why no fault can be planted in a part; nil: perhaps one can.
  private func reasonAgainst(_ part: SelfTest.Part) -> String? {
    let isUnsealed = ground.backup.unsealed != nil
    switch part {
    case .manifest: return isUnsealed ? "nobody sealed the backup" : nil
    case .bytes:
      return isUnsealed
        ? "nobody sealed the backup: no manifest says what its bytes should be"
        : ground.files == nil ? "the run did not come to hash artifacts" : nil
    case .format, .placement: return ground.decoded == nil ? "the run did not come to decode records" : nil
    case .restored, .counts, .content, .answers:
      guard let restored = ground.restored else { return "nothing was restored" }
      let isCompared = runner.drill.references.contains(.captured)
      switch part {
      case .counts where !isCompared || ground.reference?.counts == nil: return "no counts of the live servers"
      case .content where !isCompared || ground.reference?.fingerprint == nil || restored.slots.isEmpty:
        return "no fingerprint of the source"
      case .answers where restored.sheet.answers.isEmpty && restored.live.answers.isEmpty:
        return "nothing was asked"
      default: return nil
      }
    }
  }

  private func faults(of part: SelfTest.Part) -> [Fault] {
    switch part {
    case .manifest: [.manifestField, .manifestKey]
    case .bytes: [ArtifactFault.flipByte, .truncate, .append, .zeroBlock].map { .artifact($0) }
    case .format: [ArtifactFault.flipByte, .truncate, .append].map { .artifact($0) }
    case .placement: [.record(.moved)]
    case .counts: [.record(.dropped), .record(.added)]
    case .restored, .content: RecordFault.allCases.filter { $0 != .moved }.map { .record($0) }
    case .answers: [.answer]
    }
  }

  /// The next of a part's faults that can be planted; nil: none can.
  private mutating func plantNext(in part: SelfTest.Part) async throws -> SelfTest.Planted? {
    for _ in 0..<(queues[part]?.count ?? 0) {
      guard let fault = queues[part]?.removeFirst() else { return nil }
      queues[part]?.append(fault)
      let planted: SelfTest.Planted? =
        switch fault {
        case .manifestField: try plantInManifest()
        case .manifestKey: try plantKey()
        case .artifact(let fault): try await part == .bytes ? plant(inBytes: fault) : plant(inFormat: fault)
        case .record(let fault): try await plant(fault, in: part)
        case .answer: try plantInAnswers()
        }
      if let planted { return planted }
    }
    return nil
  }

  /// A copy of a file, or of its beginning.
  mutating func copy(_ path: String, subject: String, size: UInt64, limit: UInt64? = nil) throws -> String {
    copies += 1
    let target = "\(folder)/\(copies)"
    try ArtifactCopy.copy(path, to: target, subject: subject, limit: limit, failingAs: .io)
    bytesCopied += limit ?? size
    return target
  }

  /// The codes of the findings that are there with the fault and not without it.
  ///
  /// - Parameter isAbout: whether a finding is about the place of the fault.
  func codes(
    _ with: [Finding], without: [Finding], _ isAbout: (Finding.Subject) -> Bool = { _ in true }
  ) -> [FindingCode] {
    let known = Set(without)
    var codes: [FindingCode] = []
    for finding in runner.checks.judged(with)
    where !known.contains(finding) && isAbout(finding.subject) && !codes.contains(finding.code) {
      codes.append(finding.code)
    }
    return codes
  }
}
