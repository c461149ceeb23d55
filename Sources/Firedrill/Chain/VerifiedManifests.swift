import DrillChecks
import DrillCrypto
import DrillModel

/// The manifests of a catalog, each read and verified once.
final class VerifiedManifests {
  private let catalog: Catalog
  private let trust: TrustPolicy
  private let requiresSignature: Bool
  private var results: [String: ManifestCheck.Result] = [:]
  private var claims: [String: [String]]?

  init(_ catalog: Catalog, trust: TrustPolicy, requiresSignature: Bool) {
    self.catalog = catalog
    self.trust = trust
    self.requiresSignature = requiresSignature
  }

  /// With keys of which one is enough, at any time.
  convenience init(_ catalog: Catalog, trusted: [PublicKey], requiresSignature: Bool) {
    self.init(catalog, trust: TrustPolicy(trusted), requiresSignature: requiresSignature)
  }

  func result(_ id: String) -> ManifestCheck.Result {
    if let known = results[id] { return known }
    let result = ManifestCheck(backup: id, trust: trust, requiresSignature: requiresSignature)
      .check(try? catalog.envelope(of: id))
    results[id] = result
    return result
  }

  func link(_ id: String) -> ChainCheck.Link? {
    let result = result(id)
    guard let manifest = result.manifest, let digest = result.digest else { return nil }
    return ChainCheck.Link(manifest: manifest, digest: digest)
  }

  func known(_ id: String) -> ChainCheck.Known {
    if let link = link(id) { return .link(link) }
    let result = result(id)
    // Without an envelope there is nothing: neither a digest nor a signature.
    guard result.digest != nil, let finding = result.findings.first else { return .absent }
    return .unusable("\(finding.code.rawValue), \(finding.observed)")
  }

  /// Increments whose manifests may be used and name `id` as their predecessor, sorted.
  func increments(on id: String) -> [String] {
    let claims =
      self.claims
      ?? ((try? catalog.folders()) ?? []).reduce(into: [:]) { claims, other in
        if let predecessor = result(other).manifest?.predecessor?.backup {
          claims[predecessor, default: []].append(other)
        }
      }
    self.claims = claims
    return claims[id] ?? []
  }

  /// Whether a trusted key signed it.
  func isTrusted(_ id: String) -> Bool { !result(id).signers.isEmpty }
}

extension Engine {
  /// Holds links of this engine's chains against each other.
  var chainCheck: ChainCheck {
    let chains = self as? any ChainRestoring
    return ChainCheck { a, b in a == b ? 0 : chains?.order(a, b) }
  }
}
