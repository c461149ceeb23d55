import DrillCrypto
import DrillModel
import Foundation
import Testing

@testable import DrillEvidence

@Suite("Whether a decision still stands")
struct GateVerificationTests {
  private struct Bench {
    var ledger: Ledger
    var sample: GateSample
    var key: SigningKey
    var decision: GateDecision
    var bytes: [UInt8]

    func verify(
      _ bytes: [UInt8]? = nil, at now: Instant? = nil, trusted: [PublicKey]? = nil, against other: Ledger? = nil
    ) throws -> Set<GateRefusal.Code> {
      var verification = GateVerification(
        bytes ?? self.bytes, trusted: trusted ?? [key.publicKey], at: now ?? GateSample.time(29, 6))
      let ledger = other ?? ledger
      let (history, position) = try ledger.positionedHistory()
      let size = verification.decision?.ledger.size ?? 0
      verification.hold(against: history, position: position, root: try ledger.computedRoot(size: size))
      #expect(verification.isAccepted == verification.refusals.isEmpty)
      return Set(verification.refusals.map(\.code))
    }
  }

  /// An open decision that was signed and recorded.
  private func withDecision(
    _ sample: GateSample? = nil, _ algorithm: KeyAlgorithm = .ed25519, _ body: (inout Bench, String) throws -> Void
  ) throws {
    let sample = try sample ?? GateSample()
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      try sample.write(to: ledger)
      let decision = try sample.decide(GateSample.policy(), .final, ledger)
      let key = try SigningKey.generate(algorithm)
      let envelope = try decision.sealed(with: key)
      try ledger.append(decision, envelope: envelope)
      let bytes = Array(try CanonicalJSON.text(GateDocument(decision, envelope: envelope)).utf8)
      var bench = Bench(ledger: ledger, sample: sample, key: key, decision: decision, bytes: bytes)
      try body(&bench, folder)
    }
  }

  @Test(
    "an open decision stands, as the file that was printed and as the envelope that was recorded",
    arguments: [KeyAlgorithm.ed25519, .ecdsaP256])
  func stands(_ algorithm: KeyAlgorithm) throws {
    try withDecision(nil, algorithm) { bench, _ throws in
      #expect(bench.decision.outcome == .open)
      #expect(try bench.verify() == [])
      #expect(try bench.verify(bench.decision.sealed(with: bench.key).encoded()) == [])
      // What happens elsewhere, and a passing run on the same cut, change nothing.
      var run = try GateSample.run(29)
      run.id = "nightly-29-again"
      run.finishedAt = GateSample.time(29, 5.5)
      try bench.ledger.append(run)
      run.id = "billing-1"
      run.cluster = "billing"
      run.findings = [Finding(.coverageHole, stage: .decode, expected: "a", observed: "b")]
      run.backups[0].cut?.time = GateSample.time(29, 5.2)
      try bench.ledger.append(run)
      #expect(try bench.verify() == [])
    }
  }

  @Test("a newer epoch, the same epoch with other moves, a newer cut and a failing run each end it")
  func ended() throws {
    try withDecision { bench, _ throws in
      try bench.ledger.append(
        TopologySeen(cluster: "shop", GateSample.topology(10), seenIn: "live"), at: GateSample.time(29, 5.5))
      #expect(try bench.verify() == [.newerEpoch])
    }
    try withDecision { bench, _ throws in
      let moves = [Topology.Move(slot: Slot(20), source: "s1", target: "s2")]
      try bench.ledger.append(
        TopologySeen(cluster: "shop", GateSample.topology(9, moves: moves), seenIn: "live"),
        at: GateSample.time(29, 5.5))
      #expect(try bench.verify() == [.newerEpoch])
    }
    try withDecision { bench, _ throws in
      // An older epoch that is seen late is no newer one.
      try bench.ledger.append(
        TopologySeen(cluster: "shop", GateSample.topology(8), seenIn: "backup old"), at: GateSample.time(29, 5.5))
      #expect(try bench.verify() == [])
      var run = try GateSample.run(29)
      run.id = "nightly-30"
      run.backups[0].cut?.time = GateSample.time(29, 5.2)
      try bench.ledger.append(run)
      #expect(try bench.verify() == [.newerCut])
    }
    try withDecision { bench, _ throws in
      var run = try GateSample.run(28)
      run.id = "adhoc-1"
      run.drill = "adhoc"
      run.findings = [Finding(.coverageHole, stage: .decode, expected: "a", observed: "b")]
      try bench.ledger.append(run)
      #expect(try bench.verify() == [.failingRun])
    }
  }

  @Test("an expired decision and one from the future are refused, at the very millisecond")
  func times() throws {
    try withDecision { bench, _ throws in
      let expiry = bench.decision.expires.millisecondsSince1970
      #expect(try bench.verify(at: Instant(millisecondsSince1970: expiry - 1)) == [])
      #expect(try bench.verify(at: Instant(millisecondsSince1970: expiry)) == [.expired])
      #expect(try bench.verify(at: GateSample.time(29, 5)) == [])
      #expect(try bench.verify(at: GateSample.time(29, 4.9)) == [.fromTheFuture])
    }
  }

  @Test("a decision that no trusted key signed, or that was not open, is refused")
  func signatures() throws {
    try withDecision { bench, _ throws in
      let stranger = try SigningKey.generate(.ed25519)
      #expect(try bench.verify(trusted: [stranger.publicKey]) == [.signatureUntrusted])
      #expect(try bench.verify(trusted: []) == [.signatureUntrusted])
      #expect(try bench.verify(trusted: [stranger.publicKey, bench.key.publicKey]) == [])
      #expect(try bench.verify(bench.decision.sealed(with: nil).encoded()) == [.signatureUntrusted])
      #expect(try bench.verify(Array("{}".utf8)) == [.notADecision])
      #expect(try bench.verify([]) == [.notADecision])
      let manifest = GateSample.manifest(1, epoch: 7)
      #expect(try bench.verify(manifest.statement.sealed(with: [bench.key]).encoded()) == [.notADecision])
    }
    for change in [{ $0.last.answers = .init(equal: 1, different: 1) }, { $0.last.answers = nil }]
      as [(inout GateSample) -> Void]
    {
      var sample = try GateSample()
      change(&sample)
      try withDecision(sample) { bench, _ throws in
        #expect(bench.decision.outcome != .open)
        #expect(try bench.verify() == [.notOpen])
      }
    }
  }

  @Test("an outcome that the clauses do not make is refused, whoever signed it")
  func inconsistent() throws {
    var sample = try GateSample()
    sample.last.answers = .init(equal: 1, different: 1)
    try withDecision(sample) { bench, _ throws in
      var decision = bench.decision
      decision.outcome = .open
      let envelope = try decision.sealed(with: bench.key)
      try bench.ledger.append(decision, envelope: envelope)
      #expect(try bench.verify(envelope.encoded()) == [.inconsistent])
    }
  }

  @Test("a file whose readable part says something else than what was signed is refused")
  func readable() throws {
    try withDecision { bench, _ throws in
      let text = String(decoding: bench.bytes, as: UTF8.self)
      for (old, new) in [("\"nightly-29\"", "\"nightly-28\""), ("\"outcome\" : \"open\"", "\"outcome\" : \"closed\"")] {
        let changed = text.replacingOccurrences(of: old, with: new)
        #expect(changed != text)
        #expect(try bench.verify(Array(changed.utf8)) == [.readableDiffers])
      }
    }
  }

  @Test("no changed byte of the envelope is accepted")
  func everyByte() throws {
    try withDecision { bench, _ throws in
      let bytes = try bench.decision.sealed(with: bench.key).encoded()
      let seed: UInt64 = 7
      var generator = SeededGenerator(seed: seed)
      let trust = [bench.key.publicKey]
      for _ in 0..<400 {
        let offset = Int(generator.next() % UInt64(bytes.count - 1))
        var changed = bytes
        changed[offset] ^= UInt8(1 << (generator.next() % 8))
        let verification = GateVerification(changed, trusted: trust, at: GateSample.time(29, 6))
        // A key id decides nothing, and the names of members that nobody reads neither: then what was signed is what was signed.
        #expect(
          !verification.isAccepted || verification.decision == bench.decision, "seed \(seed), offset \(offset)")
      }
    }
  }

  @Test("another ledger, one that was cut off, and one whose leaves were changed do not confirm it")
  func ledgers() throws {
    try withDecision { bench, folder throws in
      let other = try Ledger.open(at: folder + "/other.sqlite")
      try bench.sample.write(to: other)
      #expect(try bench.verify(against: other) == [.ledgerDiffers])
    }
    // A copy from before the decision was recorded, and one from before the last run.
    let sample = try GateSample()
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.sqlite"
      var first = sample
      let last = first.runs.removeLast()
      try first.write(to: Ledger.open(at: path))
      try FileManager.default.copyItem(atPath: path, toPath: folder + "/before-run.sqlite")
      try Ledger.open(at: path).append(last)
      try FileManager.default.copyItem(atPath: path, toPath: folder + "/before-decision.sqlite")
      let ledger = try Ledger.open(at: path)
      let decision = try sample.decide(GateSample.policy(), .final, ledger)
      let key = try SigningKey.generate(.ed25519)
      let envelope = try decision.sealed(with: key)
      try ledger.append(decision, envelope: envelope)
      let bench = Bench(
        ledger: ledger, sample: sample, key: key, decision: decision, bytes: try envelope.encoded())
      #expect(try bench.verify() == [])
      #expect(try bench.verify(against: Ledger.open(at: folder + "/before-run.sqlite")) == [.ledgerDiffers])
      #expect(try bench.verify(against: Ledger.open(at: folder + "/before-decision.sqlite")) == [.notRecorded])
    }
  }

  @Test("without a ledger it says that it was held against none")
  func withoutLedger() throws {
    try withDecision { bench, _ throws in
      let verification = GateVerification(bench.bytes, trusted: [bench.key.publicKey], at: GateSample.time(29, 6))
      #expect(verification.isAccepted && !verification.isHeldAgainstLedger)
      #expect(GateVerificationText(verification).text().contains("nothing newer was looked for"))
    }
  }
}
