public import DrillModel

/// Judges whether a backup's chain leads back to a full one, link by link, before anything of it is restored.
///
/// What is judged is the chain that ends in one backup, its tip. Two increments on one of its links below the tip are
/// its business, since only one of them can be what happened; what is made on the tip, or on backups that are not in the
/// chain, is not.
public struct ChainCheck: Sendable {
  /// As ``ChainRestoring/order(_:_:)``.
  public var order: @Sendable (String, String) -> Int?

  public init(order: @escaping @Sendable (String, String) -> Int?) { self.order = order }

  /// A backup whose manifest may be used.
  public struct Link: Sendable {
    public var manifest: Manifest
    /// SHA-256 of its signed statement.
    public var digest: Digest
    public init(manifest: Manifest, digest: Digest) {
      self.manifest = manifest
      self.digest = digest
    }
  }

  /// A backup that a chain names.
  public enum Known: Sendable {
    case link(Link)
    /// It is there, and its manifest cannot be used; why, in words.
    case unusable(String)
    case absent
  }

  public struct Result: Sendable {
    /// Oldest first, down to where the chain breaks; the full backup stands first where it does not.
    public var links: [Link] = []
    public var findings: [Finding] = []
  }

  /// Time and memory are linear in the links.
  ///
  /// - Parameters:
  ///   - known: a backup of the catalog by its id; asked once for each link.
  ///   - increments: ids of the usable increments that name a backup as their predecessor; asked once for each link.
  public func check(_ tip: Link, known: (String) -> Known, increments: (String) -> [String]) -> Result {
    var result = Result(links: [tip])
    var seen: Set<String> = [tip.manifest.backup]
    var current = tip
    while current.manifest.kind == .incremental {
      let manifest = current.manifest
      guard let predecessor = manifest.predecessor else {
        result.findings.append(found(.chainGap, manifest, "a predecessor", "the incremental backup names none"))
        break
      }
      guard seen.insert(predecessor.backup).inserted else {
        result.findings.append(
          found(
            .chainCycle, manifest, "a chain that ends in a full backup",
            "its predecessor \(predecessor.backup) is made on it"))
        break
      }
      let link: Link
      switch known(predecessor.backup) {
      case .link(let found): link = found
      case .absent:
        result.findings.append(
          found(
            .chainGap, manifest, "predecessor \(predecessor.backup)", "the catalog holds no sealed backup of that name")
        )
        result.links.reverse()
        return result
      case .unusable(let reason):
        result.findings.append(
          found(
            .chainGap, manifest, "predecessor \(predecessor.backup)", "its manifest cannot be used: \(reason)"))
        result.links.reverse()
        return result
      }
      let others = increments(predecessor.backup).filter { $0 != manifest.backup }.sorted()
      if let other = others.first {
        let more = others.count > 1 ? " and \(others.count - 1) more" : ""
        result.findings.append(
          found(.chainFork, manifest, "one increment on \(predecessor.backup)", "\(other)\(more) is made on it as well")
        )
      }
      result.findings += joint(link, manifest, named: predecessor)
      result.links.append(link)
      current = link
    }
    result.links.reverse()
    result.findings += repeated(result.links)
    return result
  }

  /// What is wrong between a link and the one that it is made on.
  private func joint(_ link: Link, _ manifest: Manifest, named predecessor: Manifest.Predecessor) -> [Finding] {
    let before = link.manifest
    guard before.cluster == manifest.cluster, before.engine == manifest.engine else {
      return [
        found(
          .chainForeign, manifest, "a predecessor of cluster \(manifest.cluster), \(manifest.engine)",
          "\(before.backup) is of cluster \(before.cluster), \(before.engine)")
      ]
    }
    guard link.digest == predecessor.manifest else {
      return [
        found(
          .chainSwapped, manifest, "predecessor \(before.backup) with statement \(predecessor.manifest.short)",
          "its statement is \(link.digest.short)")
      ]
    }
    var findings: [Finding] = []
    let (own, theirs) = (Set(manifest.cut.positions.keys), Set(before.cut.positions.keys))
    let (shards, known) = (shardsWithData(manifest), shardsWithData(before))
    if manifest.topology.epoch < before.topology.epoch {
      findings.append(
        found(
          .chainEpoch, manifest, "epoch \(before.topology.epoch) or later", "epoch \(manifest.topology.epoch)"))
    } else if own != theirs || shards != known {
      let odd = own.symmetricDifference(theirs).union(shards.symmetricDifference(known)).sorted()
      findings.append(
        found(
          .chainEpoch, manifest, "the shards of \(before.backup)",
          "\(odd.prefix(3).joined(separator: ", ")) \(odd.count == 1 ? "is" : "are") in one of them alone"))
    }
    for shard in own.sorted() {
      guard let begin = manifest.since?[shard], let end = manifest.cut.positions[shard], let order = order(end, begin),
        order < 0
      else { continue }
      findings.append(
        found(.chainOverlap, manifest, shard: shard, "a cut at or after \(begin), where it begins", "it ends at \(end)")
      )
    }
    for shard in own.intersection(theirs).sorted() {
      guard let begin = manifest.since?[shard], let end = before.cut.positions[shard], begin != end else { continue }
      findings += [place(begin, end, shard, manifest, before)].compactMap { $0 }
    }
    return findings
  }

  private func place(
    _ begin: String, _ end: String, _ shard: String, _ manifest: Manifest, _ before: Manifest
  ) -> Finding? {
    let code: FindingCode
    switch order(begin, end) {
    case 0?: return nil
    case let order? where order < 0: code = .chainOverlap
    case .some: code = .chainGap
    case nil: code = .chainForeign
    }
    return found(code, manifest, shard: shard, "begins at \(end), the cut of \(before.backup)", "begins at \(begin)")
  }

  /// Links with the same changes. An increment that begins where it ends has none to repeat.
  private func repeated(_ links: [Link]) -> [Finding] {
    struct Content: Hashable {
      var shard: String
      var digest: Digest
    }
    var first: [Content: String] = [:]
    var findings: [Finding] = []
    for link in links where link.manifest.kind == .incremental {
      let manifest = link.manifest
      for artifact in manifest.artifacts where artifact.role == .data && artifact.sizeBytes > 0 {
        guard let shard = artifact.shard, manifest.since?[shard] != manifest.cut.positions[shard] else { continue }
        let content = Content(shard: shard, digest: artifact.digest)
        if let other = first[content] {
          guard other != manifest.backup else { continue }
          findings.append(
            found(
              .chainRepeated, manifest, shard: shard, artifact: artifact.name, "changes of its own",
              "the bytes of the shard's changes in \(other)"))
        } else {
          first[content] = manifest.backup
        }
      }
    }
    return findings
  }

  private func shardsWithData(_ manifest: Manifest) -> Set<String> {
    Set(manifest.artifacts.lazy.filter { $0.role == .data }.compactMap(\.shard))
  }

  // MARK: What the artifacts say of themselves

  /// Holds what an increment's artifact says of itself against its manifest.
  public func check(_ facts: IncrementFacts, of artifact: Artifact, in manifest: Manifest) -> [Finding] {
    let subject = Finding.Subject(backup: manifest.backup, shard: artifact.shard, artifact: artifact.name)
    func swapped(_ expected: String, _ observed: String) -> Finding {
      Finding(.chainSwapped, stage: .integrity, subject: subject, expected: expected, observed: observed)
    }
    let problems = ChainCheck.findings(facts.problems, subject, stage: .integrity)
    guard problems.isEmpty else { return problems }
    guard let shard = artifact.shard else { return [] }
    if let named = facts.shard, named != shard {
      return [swapped("changes of shard \(shard)", "it says that it is of shard \(named)")]
    }
    func differ(_ told: String?, _ stated: String?) -> Bool {
      guard let told, let stated, told != stated else { return false }
      return order(told, stated) != 0
    }
    if differ(facts.from, manifest.since?[shard]) {
      return [
        swapped("changes from \(manifest.since?[shard] ?? "")", "it says that it goes on from \(facts.from ?? "")")
      ]
    }
    if differ(facts.to, manifest.cut.positions[shard]) {
      return [
        swapped("changes up to \(manifest.cut.positions[shard] ?? "")", "it says that it leads to \(facts.to ?? "")")
      ]
    }
    return []
  }

  /// What was wrong with a link when its changes were made.
  public static func findings(
    _ problems: [ReadFacts.Problem], _ subject: Finding.Subject, stage: Stage = .decode
  ) -> [Finding] {
    problems.map { problem in
      var subject = subject
      subject.offset = problem.offset
      if problem.kind == .conflict { return conflict(subject, problem.detail, stage: stage) }
      let code: FindingCode =
        switch problem.kind {
        case .unsupportedVersion: .versionUnsupported
        case .missingPart: .artifactMissing
        case .unnamedPart: .artifactUnexpected
        default: .artifactUnreadable
        }
      return Finding(
        code, stage: stage, subject: subject, expected: "changes that can be read", observed: problem.detail)
    }
  }

  static func conflict(_ subject: Finding.Subject, _ detail: String, stage: Stage = .decode) -> Finding {
    Finding(
      .incrementConflict, stage: stage, subject: subject, expected: "changes that fit what they are made on",
      observed: detail)
  }

  private func found(
    _ code: FindingCode, _ manifest: Manifest, shard: String? = nil, artifact: String? = nil, _ expected: String,
    _ observed: String
  ) -> Finding {
    Finding(
      code, stage: .manifest, subject: Finding.Subject(backup: manifest.backup, shard: shard, artifact: artifact),
      expected: expected, observed: observed)
  }
}
