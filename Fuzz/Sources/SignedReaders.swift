internal import DrillChecks
internal import DrillCrypto
internal import DrillModel

@testable import DrillEvidence

/// What is signed, and what signs.
enum SignedReaders {
  static func manifest(_ bytes: [UInt8]) {
    guard let statement = try? Statement<Manifest>(payload: bytes, predicateType: Manifest.predicateType) else {
      return
    }
    let again = try? Statement<Manifest>(payload: statement.payload(), predicateType: Manifest.predicateType)
    promise(again == statement, "a manifest that was read is written so that it reads the same")
    let check = ManifestCheck(backup: statement.predicate.backup, trusted: [], requiresSignature: false)
    _ = check.check(try? Envelope(payload: bytes).encoded())
  }

  static func envelope(_ bytes: [UInt8]) {
    guard let envelope = try? Envelope(parsing: bytes) else { return }
    promise(
      (try? Envelope(parsing: envelope.encoded())) == envelope, "an envelope is written so that it reads the same")
    promise(envelope.signers(among: [key]).isEmpty, "a signature is not to be guessed")
    let result = ManifestCheck(backup: "b", trusted: [key], requiresSignature: true).check(bytes)
    promise(result.manifest == nil && !result.findings.isEmpty, "an unsigned manifest is not believed")
  }

  static func archive(_ bytes: [UInt8]) {
    if let read = try? TarArchive.decode(bytes) {
      promise(TarArchive.encode(read.entries, time: read.time) == bytes, "an archive has one form")
    }
    let verification = try? EvidenceVerification(of: bytes, trusting: EvidenceTrust(keys: [key], now: now))
    promise(verification?.isSound == false, "evidence that a stranger signed is not believed")
  }

  /// The first byte picks the reader.
  static func keys(_ bytes: [UInt8]) {
    guard let kind = bytes.first else { return }
    let rest = Array(bytes.dropFirst())
    switch kind % 6 {
    case 0: _ = try? PublicKey(pem: rest)
    case 1: _ = try? CertificateChain(pem: rest)
    case 2: _ = DetachedSignature(rest)?.verifies([1])
    case 3: _ = try? TimeStampReply(rest)
    case 4: _ = try? DetachedChecksum.verify(rest, of: [1], key: minisignKey, subject: "key")
    default: _ = try? DetachedChecksum.verify([1], of: [1], key: rest, subject: "key")
    }
  }

  private static let key: PublicKey = {
    guard let key = try? SigningKey.generate(.ed25519) else { fatalError("no key") }
    return key.publicKey
  }()
  private static let minisignKey = Array(
    "untrusted comment: a key\n\(Base64.encode(Array("Ed12345678".utf8) + key.raw))\n".utf8)
  private static let now = Instant(millisecondsSince1970: 1_790_000_000_000)
}
