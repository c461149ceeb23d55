public import DrillCrypto
public import DrillModel

/// What became of a decision that somebody wants to act on: nothing, or the reasons that speak against it.
public struct GateVerification: Hashable, Sendable, Codable {
  /// What was signed; nil where that cannot be read.
  public var decision: GateDecision?
  /// The trusted keys that signed it.
  public var signers: [String]
  /// Whether it was held against a ledger.
  public var isHeldAgainstLedger: Bool
  public var refusals: [GateRefusal]

  public var isAccepted: Bool { refusals.isEmpty }

  /// Reads a decision and judges what it says by itself: who signed it, that it is open, and that it has not expired.
  ///
  /// - Parameter bytes: the envelope, as recorded or as `--format json` prints it.
  public init(_ bytes: [UInt8], trusted: [PublicKey], at now: Instant) {
    decision = nil
    signers = []
    isHeldAgainstLedger = false
    refusals = []
    let envelope: Envelope
    let signed: GateDecision
    do {
      envelope = try Envelope(parsing: bytes)
      guard envelope.payloadType == Envelope.inToto else { throw StrictJSON.Refusal("the payload is no statement") }
      signed = try Statement<GateDecision>(payload: envelope.payload, predicateType: GateDecision.predicateType)
        .predicate
    } catch {
      refuse(.notADecision, "\(error)")
      return
    }
    decision = signed
    let keys = envelope.signers(among: trusted)
    signers = keys.map(\.description).sorted()
    if keys.isEmpty {
      refuse(
        .signatureUntrusted,
        envelope.signatures.isEmpty ? "it is not signed" : "none of the keys that are trusted here signed it")
    }
    if !GateDocument.repeats(signed, in: bytes) {
      refuse(.readableDiffers, "the decision that stands beside the signed one says something else")
    }
    if !signed.isConsistent { refuse(.inconsistent, "its clauses do not make the outcome \(signed.outcome.rawValue)") }
    if signed.outcome != .open {
      let unmet = signed.unmet.isEmpty ? "" : ": \(signed.unmet.joined(separator: ", "))"
      refuse(.notOpen, "the gate was \(signed.outcome.rawValue)\(unmet)")
    }
    if signed.decidedAt > now.advanced(by: ClockTrace.tolerance) {
      refuse(.fromTheFuture, "it was made at \(Format.time(signed.decidedAt)), and now is \(Format.time(now))")
    }
    if signed.expires <= now { refuse(.expired, "it expired at \(Format.time(signed.expires))") }
  }

  /// Holds it against a ledger: the one that it was made from, and nothing in it since that ends it.
  ///
  /// - Parameters:
  ///   - position: the ledger as it stands.
  ///   - root: the root over as many leaves as the decision was made from, computed again; nil where there are fewer.
  public mutating func hold(against history: History, position: LedgerPosition, root: Digest?) {
    guard let decision else { return }
    isHeldAgainstLedger = true
    guard decision.ledger.origin == position.origin else {
      return refuse(
        .ledgerDiffers, "it was made from \(decision.ledger.origin), and this ledger is \(position.origin)")
    }
    guard let root, root == decision.ledger.root else {
      return refuse(
        .ledgerDiffers,
        root == nil
          ? "it was made from \(Format.plural(decision.ledger.size, "leaf", "leaves")), and the ledger has \(Format.count(position.size)): its end was cut off, or an old copy put back"
          : "the first \(Format.plural(decision.ledger.size, "leaf", "leaves")) are not the ones that it was made from")
    }
    if !history.decisions.contains(where: { $0.leaf >= decision.ledger.size && $0.body == decision.leaf }) {
      refuse(.notRecorded, "the ledger does not hold it: its end was cut off since, or it was never recorded")
    }
    for binding in decision.bindings { hold(binding, since: decision.ledger.size, against: history) }
  }

  private mutating func hold(_ binding: ClusterBinding, since size: Int, against history: History) {
    let cluster = binding.cluster
    let bound = history.topologies.first { $0.leaf == binding.topologyLeaf }?.body
    for topology in history.topologies where topology.leaf >= size && topology.body.cluster == cluster {
      // Seen again, it is the one that was decided on.
      if let bound, topology.body.isSame(as: bound) { continue }
      // The same epoch with other shards or moves is newer too: a move that begins raises no epoch yet.
      if topology.body.epoch >= binding.epoch ?? 0 {
        refuse(
          .newerEpoch,
          "\(cluster): a topology of epoch \(topology.body.epoch) was seen in \(topology.body.seenIn) at \(Format.time(topology.time)); it was made at epoch \(binding.epoch.map(String.init) ?? "unknown")"
        )
        break
      }
    }
    let runs = history.runs.filter { $0.leaf >= size && $0.body.cluster == cluster }
    for run in runs {
      guard let cut = run.body.backups.compactMap(\.cut?.time).max(), cut > binding.cut?.time ?? Instant.earliest else {
        continue
      }
      refuse(
        .newerCut,
        "\(cluster): \(run.body.run) examined the cut of \(Format.time(cut)); it was made on \(binding.cut.map { Format.time($0.time) } ?? "none")"
      )
      break
    }
    if let failed = runs.first(where: { $0.body.verdict == .fail }) {
      refuse(.failingRun, "\(cluster): \(failed.body.run) failed since")
    }
  }

  private mutating func refuse(_ code: GateRefusal.Code, _ detail: String) {
    refusals.append(GateRefusal(code, detail))
  }
}

extension Instant {
  fileprivate static var earliest: Instant { Instant(millisecondsSince1970: .min) }
}
