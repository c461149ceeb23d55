import DrillChecks
import DrillCrypto
import DrillModel
import Testing

@Suite("manifest check")
struct ManifestCheckTests {
  let manifest = SyntheticBackup().manifest

  private func check(
    _ trusted: [SigningKey], required: Bool = true, backup: String = "shop-1", cluster: String? = "shop"
  )
    -> ManifestCheck
  {
    ManifestCheck(backup: backup, cluster: cluster, trusted: trusted.map(\.publicKey), requiresSignature: required)
  }

  private func sealed(_ manifest: Manifest, _ keys: [SigningKey]) throws -> [UInt8] {
    try manifest.statement.sealed(with: keys).encoded()
  }

  @Test("a genuine manifest passes and is handed on with its digest", arguments: KeyAlgorithm.allCases)
  func clean(algorithm: KeyAlgorithm) throws {
    let key = try SigningKey.generate(algorithm)
    let result = check([key]).check(try sealed(manifest, [key]))
    #expect(result.findings.isEmpty && result.manifest == manifest && result.signers == [key.publicKey])
    #expect(result.digest == SHA256.digest(try manifest.statement.payload()))
    let both = check([key]).check(try sealed(manifest, [SigningKey.generate(.ed25519), key]))
    #expect(both.findings.isEmpty && both.manifest != nil)
  }

  private func expect(
    _ code: FindingCode, _ check: ManifestCheck, _ bytes: [UInt8]?, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let result = check.check(bytes)
    #expect(result.findings.map(\.code) == [code], sourceLocation: sourceLocation)
    #expect(result.findings.allSatisfy { $0.stage == .manifest }, sourceLocation: sourceLocation)
    #expect(result.manifest == nil, sourceLocation: sourceLocation)
  }

  @Test("unsigned where a signature is required is manifest-unsigned; where none is, it passes without a signer")
  func unsigned() throws {
    let bytes = try sealed(manifest, [])
    let key = try SigningKey.generate(.ed25519)
    expect(.manifestUnsigned, check([key]), bytes)
    expect(.manifestUnsigned, check([]), bytes)
    for trusted in [[], [key]] {
      let result = check(trusted, required: false).check(bytes)
      #expect(result.findings.isEmpty && result.manifest == manifest && result.signers.isEmpty)
    }
  }

  @Test("a stranger's signature is signature-untrusted")
  func stranger() throws {
    let key = try SigningKey.generate(.ed25519)
    let bytes = try sealed(manifest, [SigningKey.generate(.ecdsaP256)])
    expect(.signatureUntrusted, check([key]), bytes)
    expect(.signatureUntrusted, check([key], required: false), bytes)
    expect(.signatureUntrusted, check([]), bytes)
  }

  @Test("a manifest edited after it was sealed is signature-invalid, wherever it was edited")
  func edited() throws {
    let key = try SigningKey.generate(.ed25519)
    var other = manifest
    other.artifacts[0].sizeBytes += 1
    let genuine = try manifest.statement.sealed(with: [key])
    let edited = Envelope(payload: try other.statement.payload(), signatures: genuine.signatures)
    expect(.signatureInvalid, check([key]), try edited.encoded())
    expect(.signatureInvalid, check([key], required: false), try edited.encoded())
    for index in stride(from: 0, to: genuine.payload.count, by: 11) {
      var payload = genuine.payload
      payload[index] ^= 1
      expect(.signatureInvalid, check([key]), try Envelope(payload: payload, signatures: genuine.signatures).encoded())
    }
  }

  @Test("a manifest cut off anywhere, or absent, is never taken")
  func truncated() throws {
    let key = try SigningKey.generate(.ed25519)
    let bytes = try sealed(manifest, [key])
    expect(.manifestUnreadable, check([key]), nil)
    for end in stride(from: 0, to: bytes.count - 2, by: 5) {
      expect(.manifestUnreadable, check([key]), Array(bytes.prefix(end)))
    }
  }

  @Test("another backup's or cluster's manifest is manifest-mismatch")
  func mismatch() throws {
    let key = try SigningKey.generate(.ed25519)
    let bytes = try sealed(manifest, [key])
    expect(.manifestMismatch, check([key], backup: "shop-2"), bytes)
    expect(.manifestMismatch, check([key], cluster: "bank"), bytes)
    #expect(check([key], cluster: nil).check(bytes).findings.isEmpty)
  }

  @Test("a signed manifest that contradicts itself or leads out of its folder is manifest-unreadable")
  func contradictions() throws {
    let key = try SigningKey.generate(.ed25519)
    let edits: [(inout Manifest) -> Void] = [
      { $0.artifacts[0].name = "../a.rdb" }, { $0.artifacts[0].name = "/etc/passwd" },
      { $0.artifacts[0].name = "x//y" },
      { $0.artifacts[0].name = "" }, { $0.artifacts[0].name = "b.rdb" }, { $0.artifacts[0].shard = "z" },
      { $0.artifacts[0].shard = nil }, { $0.artifacts[0].sizeBytes = .max }, { $0.topology.shards[0].name = "b" },
      { $0.reference = Reference(independentReaders: 1, counts: "counts.json") },
      { $0.predecessor = .init(backup: "shop-0", manifest: SHA256.digest([])) },
    ]
    for edit in edits {
      var edited = manifest
      edit(&edited)
      expect(.manifestUnreadable, check([key]), try sealed(edited, [key]))
    }
    var statement = manifest.statement
    statement.subjects[0] = .init(name: "a.rdb", sha256: SHA256.digest([1]))
    expect(.manifestUnreadable, check([key]), try statement.sealed(with: [key]).encoded())
    let text = String(decoding: try manifest.statement.payload(), as: UTF8.self).replacing(
      #""backup":"#, with: #""later":true,"backup":"#)
    var unknown = Envelope(payload: Array(text.utf8))
    try unknown.sign(with: key)
    expect(.manifestUnreadable, check([key]), try unknown.encoded())
    var otherType = Envelope(payloadType: "text/plain", payload: try manifest.statement.payload())
    try otherType.sign(with: key)
    expect(.manifestUnreadable, check([key]), try otherType.encoded())
  }

  @Test("an increment says where it begins, in the shards with which it ends; a full backup does not")
  func since() throws {
    let key = try SigningKey.generate(.ed25519)
    var increment = manifest
    increment.kind = .incremental
    increment.predecessor = .init(backup: "shop-0", manifest: SHA256.digest([]))
    for artifact in increment.artifacts where artifact.role == .data {
      increment.cut.positions[try #require(artifact.shard)] = "1"
    }
    increment.since = increment.cut.positions
    #expect(check([key]).check(try sealed(increment, [key])).findings.isEmpty)
    increment.since = nil
    expect(.manifestUnreadable, check([key]), try sealed(increment, [key]))
    increment.since = increment.cut.positions
    increment.since?["z"] = "1"
    expect(.manifestUnreadable, check([key]), try sealed(increment, [key]))
    // Where no shard says where it begins, nothing would hold its changes against what they are made on.
    var silent = increment
    (silent.since, silent.cut.positions) = ([:], [:])
    expect(.manifestUnreadable, check([key]), try sealed(silent, [key]))
    let shard = try #require(increment.artifacts.first { $0.role == .data }?.shard)
    silent.cut.positions = increment.cut.positions.filter { $0.key != shard }
    silent.since = silent.cut.positions
    expect(.manifestUnreadable, check([key]), try sealed(silent, [key]))
    var full = manifest
    full.since = full.cut.positions
    expect(.manifestUnreadable, check([key]), try sealed(full, [key]))
  }

  @Test("a backup that is not there is backup-missing")
  func missing() { #expect(CatalogCheck.missing("shop-9", "the catalog holds no such backup").code == .backupMissing) }

  // MARK: What keys are trusted with

  private let now = Instant(millisecondsSince1970: 1000)

  private func check(_ keys: [TrustedKey], threshold: Int = 1) -> ManifestCheck {
    ManifestCheck(
      backup: "shop-1", cluster: "shop", trust: TrustPolicy(keys, threshold: threshold), requiresSignature: true)
  }

  private func expectClean(
    _ check: ManifestCheck, _ bytes: [UInt8], by signers: Set<PublicKey>,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let result = check.check(bytes)
    #expect(result.findings.isEmpty && result.manifest != nil, sourceLocation: sourceLocation)
    #expect(result.signers == signers, sourceLocation: sourceLocation)
  }

  @Test(
    "a revoked key signs nothing, of whatever cut, and however else it is trusted; another key beside it still does")
  func revoked() throws {
    let (key, other) = (try SigningKey.generate(.ed25519), try SigningKey.generate(.ed25519))
    let bytes = try sealed(manifest, [key])
    let later = Instant(millisecondsSince1970: 1_000_000)
    for revoked in [Instant(millisecondsSince1970: 0), now, later] {
      let entry = TrustedKey(key.publicKey, revoked: revoked)
      expect(.signatureRevoked, check([entry]), bytes)
      expect(.signatureRevoked, check([entry, TrustedKey(key.publicKey)]), bytes)
      expectClean(
        check([entry, TrustedKey(other.publicKey)]), try sealed(manifest, [key, other]), by: [other.publicKey])
    }
    expectClean(check([TrustedKey(key.publicKey)]), bytes, by: [key.publicKey])
  }

  @Test("a key signs cuts from the first to the last instant of its time, and no other")
  func time() throws {
    let key = try SigningKey.generate(.ecdsaP256)
    let bytes = try sealed(manifest, [key])
    func entry(_ from: Int64?, _ until: Int64?) -> TrustedKey {
      TrustedKey(
        key.publicKey, from: from.map { Instant(millisecondsSince1970: $0) },
        until: until.map { Instant(millisecondsSince1970: $0) })
    }
    for (from, until) in [(1001, nil), (nil, 999), (1001, 2000), (0, 999)] as [(Int64?, Int64?)] {
      expect(.signatureOutOfTime, check([entry(from, until)]), bytes)
    }
    for (from, until) in [(1000, nil), (nil, 1000), (1000, 1000), (nil, nil)] as [(Int64?, Int64?)] {
      expectClean(check([entry(from, until)]), bytes, by: [key.publicKey])
    }
    // Replaced and renewed: each of its times counts.
    expectClean(check([entry(nil, 500), entry(900, nil)]), bytes, by: [key.publicKey])
  }

  @Test("a key for evidence or decisions signs no backup")
  func purpose() throws {
    let key = try SigningKey.generate(.ed25519)
    let bytes = try sealed(manifest, [key])
    expect(.signatureWrongPurpose, check([TrustedKey(key.publicKey, purposes: [.evidence, .gate])]), bytes)
    expectClean(check([TrustedKey(key.publicKey, purposes: [.backup, .gate])]), bytes, by: [key.publicKey])
  }

  @Test("two signers have to be two keys: one that signed twice counts once, and so does one that is listed twice")
  func threshold() throws {
    let (key, other) = (try SigningKey.generate(.ed25519), try SigningKey.generate(.ecdsaP256))
    let both = [TrustedKey(key.publicKey), TrustedKey(other.publicKey)]
    expect(.signaturesTooFew, check(both, threshold: 2), try sealed(manifest, [key]))
    expect(.signaturesTooFew, check(both, threshold: 2), try sealed(manifest, [key, key]))
    expect(.signaturesTooFew, check(both + [both[0]], threshold: 2), try sealed(manifest, [key, key]))
    expectClean(check(both, threshold: 2), try sealed(manifest, [key, other]), by: [key.publicKey, other.publicKey])
    // A second signer that may not sign is none, and says why.
    let revoked = [both[0], TrustedKey(other.publicKey, revoked: now)]
    expect(.signatureRevoked, check(revoked, threshold: 2), try sealed(manifest, [key, other]))
  }

  @Test("a key id that lies decides nothing")
  func lyingKeyID() throws {
    let (key, other) = (try SigningKey.generate(.ed25519), try SigningKey.generate(.ed25519))
    var envelope = try Envelope(parsing: sealed(manifest, [key]))
    envelope = Envelope(
      payload: envelope.payload,
      signatures: envelope.signatures.map { .init(keyID: other.publicKey.keyID, bytes: $0.bytes) })
    expectClean(check([TrustedKey(key.publicKey)]), try envelope.encoded(), by: [key.publicKey])
    let refused = check([TrustedKey(other.publicKey)]).check(try envelope.encoded())
    #expect(refused.findings.map(\.code) == [.signatureInvalid])
  }
}
