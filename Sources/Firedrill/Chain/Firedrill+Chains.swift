import DrillChecks
import DrillCrypto
import DrillEngines
public import DrillModel

extension Firedrill {
  /// Checks what the chains of a catalog say of themselves: the manifests of all links against each other, and the headers of their
  /// artifacts against the manifests. No artifact's bytes are hashed and nothing is restored; nothing is recorded.
  ///
  /// - Parameters:
  ///   - place: a folder, or a remote catalog; of a remote one the manifests alone are looked at.
  ///   - tip: the last backup of one chain; nil: all chains.
  ///   - trust: public keys, one of which must have signed each manifest.
  /// - Throws: `DrillError`: `usage`, `catalog-empty`, `no-such-backup`, `key-unreadable`; why a remote cannot be listed.
  public static func checkChains(
    in place: String, tip: String? = nil, trust: [String], requiresSignature: Bool = true,
    events: @escaping DrillEventHandler = { _ in }
  ) async throws -> ChainReport {
    let opened = try await CatalogPlace(place).opened(events: events)
    let trusted = try trust.map { try KeyFile.readPublicKey(Workplace.absolute($0)) }
    let catalog = opened.catalog
    let manifests = VerifiedManifests(catalog, trusted: trusted, requiresSignature: requiresSignature)
    let ids = try tip.map { [try catalog.entry(named: $0).id] } ?? catalog.folders()
    var report = ChainReport()
    var seen: Set<String> = []
    func look(from link: ChainCheck.Link) async throws {
      let engine = try Engines().named(link.manifest.engine)
      let checked = engine.chainCheck.check(link, known: manifests.known, increments: manifests.increments)
      var findings = checked.findings
      if opened.mirror == nil { findings += try await headers(of: checked.links, engine, catalog) }
      let links = checked.links.map(\.manifest.backup)
      seen.formUnion(links)
      report.chains.append(
        .init(
          cluster: link.manifest.cluster, links: links,
          from: checked.links[0].manifest.kind == .full ? checked.links[0].manifest.cut.time : nil,
          to: link.manifest.cut.time, findings: findings,
          encoded: checked.links.map(\.manifest).filter { $0.kind == .incremental && $0.artifacts.areEncoded }.count))
    }
    for id in ids {
      guard let link = manifests.link(id) else {
        // Of an unsealed folder nobody claims that it is a link.
        guard manifests.result(id).digest != nil || tip != nil else { continue }
        report.unusable.append(contentsOf: manifests.result(id).findings)
        continue
      }
      // A chain is looked at from its end.
      guard tip != nil || manifests.increments(on: id).isEmpty else { continue }
      try await look(from: link)
    }
    // A circle has no end to look from.
    for id in ids where !seen.contains(id) {
      if let link = manifests.link(id) { try await look(from: link) }
    }
    report.chains.sort { ($0.to, $0.links.last ?? "") < ($1.to, $1.links.last ?? "") }
    return report
  }

  private static func headers(
    of links: [ChainCheck.Link], _ engine: any Engine, _ catalog: Catalog
  ) async throws -> [Finding] {
    guard let chains = engine as? any ChainRestoring else { return [] }
    let check = engine.chainCheck
    return try await onThread {
      var findings: [Finding] = []
      for manifest in links.map(\.manifest) where manifest.kind == .incremental {
        for group in ArtifactGroup.data(of: manifest.artifacts) where group.lead.encodings.isEmpty {
          guard let file = try group.file({ try catalog.place(of: $0, in: manifest.backup) }) else { continue }
          do {
            findings += check.check(try chains.incrementFacts(file), of: group.lead, in: manifest)
          } catch let error as DrillError where error.code == .artifactUnreadable {
            findings.append(CatalogCheck.missingArtifact(group.lead, of: manifest.backup, error.detail))
          }
        }
      }
      return findings
    }
  }
}

/// The chains of a catalog, and what is wrong with them.
public struct ChainReport: Sendable, Codable {
  public struct Chain: Sendable, Codable {
    public var cluster: String
    /// Oldest first, down to where it breaks.
    public var links: [String]
    /// The full backup's cut; nil where the chain does not reach one.
    public var from: Instant?
    public var to: Instant
    public var findings: [Finding]
    /// Increments that are stored encoded, so that their artifacts' own headers were not looked at.
    public var encoded = 0
  }

  /// In the order of their last cuts; a full backup on which nothing is made is a chain too.
  public var chains: [Chain] = []
  /// What is wrong with manifests that cannot be used, and so are in no chain.
  public var unusable: [Finding] = []

  /// Nothing looked at is never green.
  public var verdict: Verdict {
    if !unusable.isEmpty || chains.contains(where: { !$0.findings.isEmpty }) { return .fail }
    return chains.isEmpty ? .inconclusive : .pass
  }

  public var text: String {
    var lines: [String] = []
    for chain in chains {
      let increments = chain.links.count - (chain.from == nil ? 0 : 1)
      let window = chain.from.map { "\($0) to \(chain.to)" } ?? "up to \(chain.to), from no full backup"
      lines.append(
        "\(chain.findings.isEmpty ? "whole " : "BROKEN")  \(chain.links.last ?? ""), \(chain.cluster): \(increments) increment\(increments == 1 ? "" : "s"), \(window)"
      )
      if chain.encoded > 0 {
        lines.append(
          "        \(chain.encoded) stored encoded: what their artifacts say of themselves was not looked at")
      }
      lines += chain.findings.map {
        "        \($0.code.rawValue)  \($0.subject): expected \($0.expected), found \($0.observed)"
      }
    }
    lines += unusable.map { "UNUSABLE \($0.subject): \($0.code.rawValue), \($0.observed)" }
    if lines.isEmpty { lines = ["no sealed backups: nothing was checked"] }
    return lines.joined(separator: "\n")
  }
}
