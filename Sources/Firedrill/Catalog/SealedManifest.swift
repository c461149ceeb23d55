public import DrillCrypto
public import DrillModel

/// A manifest in its signed envelope.
public struct SealedManifest: Sendable, Hashable {
  public var manifest: Manifest
  /// The envelope's bytes, as stored.
  public var envelope: [UInt8]
  /// SHA-256 of the signed statement.
  public var digest: Digest
  /// Whether a trusted key's signature was verified.
  public var isTrusted: Bool

  public static func seal(_ manifest: Manifest, with key: SigningKey) throws -> SealedManifest {
    let envelope = try manifest.statement.sealed(with: [key])
    return SealedManifest(
      manifest: manifest, envelope: try envelope.encoded(), digest: envelope.payloadDigest, isTrusted: false)
  }

  /// What an envelope claims, unverified: for choosing, listing and inspecting.
  ///
  /// - Throws: `DrillError` with `artifact-io` when it is not of the documented form.
  public static func read(_ bytes: [UInt8]) throws -> SealedManifest {
    do {
      let envelope = try Envelope(parsing: bytes)
      let statement = try Statement<Manifest>(payload: envelope.payload, predicateType: Manifest.predicateType)
      return SealedManifest(
        manifest: statement.predicate, envelope: bytes, digest: envelope.payloadDigest, isTrusted: false)
    } catch {
      throw DrillError(
        .artifactUnreadable, stage: .manifest, subject: Catalog.manifestName, detail: "\(error)", underlying: error)
    }
  }

  static func claimed(in bytes: [UInt8]) throws -> Manifest { try read(bytes).manifest }
}
